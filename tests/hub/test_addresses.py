"""The address that people are told is one that their phones can reach."""

from hub.addresses import Interface, interfaces, ranked

WIFI = Interface("wlp2s0", "192.168.1.12")
CABLE = Interface("eth0", "10.0.0.5")


def test_containers_and_tunnels_come_last_and_what_cannot_work_is_left_out() -> None:
    """Even where the way outside leads through the tunnel."""
    found = [
        Interface("lo", "127.0.0.1"),
        Interface("docker0", "172.17.0.1"),
        Interface("tailscale0", "100.64.3.2"),
        Interface("eth1", "169.254.7.7"),
        Interface("eth2", "192.168.9.9", is_up=False),
        WIFI,
    ]
    assert [each.name for each in ranked(found, "100.64.3.2")] == ["wlp2s0", "tailscale0", "docker0"]


def test_of_two_networks_the_one_that_leads_outside_comes_first() -> None:
    """Without a way outside their names decide: always the same one."""
    assert ranked([WIFI, CABLE], WIFI.address)[0] == WIFI
    assert ranked([WIFI, CABLE]) == ranked([CABLE, WIFI])


def test_a_private_address_comes_before_a_public_one() -> None:
    """A room's router gives private ones."""
    assert ranked([Interface("en0", "9.9.9.9"), Interface("en1", "192.168.1.3")])[0].name == "en1"


def test_an_address_that_two_interfaces_bear_is_one_address() -> None:
    """A bridge and its port, an adapter that was plugged in twice: the console lists each way to the page once."""
    found = [Interface("eth0", "192.168.1.3"), Interface("br0", "192.168.1.3"), Interface("eth1", "10.0.0.2")]
    assert [each.address for each in ranked(found)].count("192.168.1.3") == 1
    assert len(ranked(found)) == 2


def test_names_as_windows_and_macos_give_them() -> None:
    """A virtual switch and an Apple tunnel are no networks of a room."""
    found = [Interface("vEthernet (WSL)", "172.20.0.1"), Interface("utun3", "10.8.0.2"), Interface("Wi-Fi", "10.1.1.1")]
    assert ranked(found)[0].name == "Wi-Fi"


def test_this_machine_has_its_loopback() -> None:
    """What is read is really read."""
    assert "127.0.0.1" in {each.address for each in interfaces()}
