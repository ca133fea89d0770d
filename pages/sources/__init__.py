"""数据源: what comes in, how fresh, what could not be read, and files by hand."""
