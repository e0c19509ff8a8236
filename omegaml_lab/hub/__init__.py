"""JupyterHub: each user a server of their own, with a repository of their own."""
