"""The local stack: genuine Kafka and Valkey from packages, for a machine without Docker.

They outlive the command that starts them, are found again by the path of their configuration file, and keep
everything they write below one home folder.
"""
