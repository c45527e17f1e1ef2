"""What pages and the JSON API share: from what a client sends to what it is told."""
