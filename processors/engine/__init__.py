"""The engine: one Kafka transaction per batch of one partition. The only door to Faust and aiokafka."""
