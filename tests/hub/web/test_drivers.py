"""The drivers of other packages over the API."""

from servers.web import Client, FakeHub

API = "/api/v1/drivers"


async def test_a_driver_is_switched_off_and_on(hub: FakeHub, client: Client) -> None:
    """The answer is the driver as it is now, and the list agrees."""
    for how, state in (("disable", "off"), ("enable", "on")):
        async with client.post(f"{API}/acme-one/{how}") as response:
            assert response.status == 200
            assert (await response.json())["state"] == hub.driver == state
        async with client.get(API) as response:
            assert [each["state"] for each in (await response.json())["drivers"]] == [state]


async def test_a_driver_that_no_package_brings_is_not_found(client: Client) -> None:
    """With those there are."""
    async with client.post(f"{API}/acme-two/enable") as response:
        assert response.status == 404
        assert "acme-one" in (await response.json(content_type=None))["detail"]
