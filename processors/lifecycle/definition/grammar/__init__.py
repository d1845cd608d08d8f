"""The grammar as models, one class per mapping of the file; descriptions are what editors and docs show."""
