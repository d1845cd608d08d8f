"""The local stack: genuine Kafka and Valkey from packages, for a machine without Docker."""
