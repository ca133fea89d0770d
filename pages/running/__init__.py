"""运行状态: is the house itself well."""
