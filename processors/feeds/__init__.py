"""Lines of a file or pipe on their way to a sink: read, refused with their bytes, counted, resumed."""
