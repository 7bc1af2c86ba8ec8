"""The room's network: how phones reach the page, by HTTPS and by a name too, and whether any of them ever did."""
