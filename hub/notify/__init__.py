"""Who is told of alarms beside the page: a web address, people by mail, a device that rings. Live steps only."""
