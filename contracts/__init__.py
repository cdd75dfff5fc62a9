"""What the services say to each other: events, topics, taxonomy. Imports pydantic and nothing of ours."""
