"""What both Flask faces share: the transaction, problems, strict JSON, headers, health, metrics."""
