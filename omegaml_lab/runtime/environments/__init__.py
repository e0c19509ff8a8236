"""Environments: what notebooks require, installed once for each set of requirements."""
