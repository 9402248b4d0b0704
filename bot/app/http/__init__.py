"""What is served over HTTP beside Slack's requests: health, metrics, reference images."""
