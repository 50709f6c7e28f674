"""How records look in GitHub's answers and webhooks."""
