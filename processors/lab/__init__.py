"""The what-if lab: variants of a lifecycle file over one pass of history, judged by deals won later."""
