"""What moves in JupyterLab: the lab, the heartbeat, the replay."""
