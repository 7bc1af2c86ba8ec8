"""One file of a data folder, made while the hub runs, and the folder again from it (decisions/0018, README.md here)."""
