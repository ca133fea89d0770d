"""回测: what a detector would have said of the past, beside the rule in force; and how it becomes one."""
