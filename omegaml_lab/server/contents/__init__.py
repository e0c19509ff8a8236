"""The contents manager: the repository and the disk side by side, behind Jupyter's interface."""
