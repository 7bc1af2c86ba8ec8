"""What the API answers, as types: `openapi.json` and `asyncapi.json` are made of them; tests check each answer.

A later hub may add members, so readers ignore those that they do not know (`hub.client` does).
"""
