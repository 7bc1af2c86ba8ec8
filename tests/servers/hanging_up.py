"""A test's own MQTT client, let go for good."""

import paho.mqtt.client as paho


def hang_up(client: paho.Client) -> None:
    """Leave, end the client's thread, and close the pair of sockets by which it was woken.

    paho closes that pair when the client is collected. One that its own callbacks refer to is collected at any moment,
    at times after the pair: "unclosed socket" then fails whichever test is running.
    """
    client.disconnect()
    client.loop_stop()
    client._reset_sockets()
