"""What firms speak, read into deliveries: OTLP, Prometheus remote write, files. Pure."""
