"""管理: what an administrator decides, each change a new version with author and reason."""
