"""The other ways in, in a real browser before a real demo: a CSV file, a USB cable, and what nobody understood."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from servers.browser import visit
from servers.cables import Cable
from servers.hubs import Demo, demo, until

FRENCH = "Date;Température (°C);Note\n" + "".join(
    f"24/11/2026 {8 + n // 60:02d}:{n % 60:02d};{n / 10:.1f};ok\n".replace(".", ",") for n in range(120)
)
WRONG = "Date;Température (°C)\n24/11/2026 09:00;21,5\n24/11/2026 09:15;=1+1\n31/02/2026 10:00;22\n"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def cable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    """Lend a serial cable, plugged in."""
    lent = Cable(tmp_path_factory.mktemp("cable"), "uno")
    lent.plug()
    yield lent
    lent.unplug()


@pytest.fixture(scope="module")
def hub(browser: Browser, cable: Cable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend a demo that reads the cable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_SERIAL", str(cable.hub_end))
        with demo(tmp_path_factory.mktemp("ways") / "data") as running:
            yield running


@pytest.fixture
def importing(browser: Browser, hub: Demo) -> Iterator[Page]:
    """Lend the page where files are imported."""
    with visit(browser, f"{hub.page}import") as reader:
        yield reader.page


@pytest.fixture
def devices(browser: Browser, hub: Demo) -> Iterator[Page]:
    """Lend the page of devices."""
    with visit(browser, f"{hub.page}devices") as reader:
        yield reader.page


def choose(page: Page, folder: Path, name: str, text: str, encoding: str = "latin-1") -> None:
    """Choose a file as a spreadsheet of France writes it."""
    file = folder / name
    file.write_bytes(text.encode(encoding))
    page.set_input_files("input[type=file]", file)
    expect(page.get_by_text(name, exact=True)).to_be_visible()


def test_a_file_is_chosen_seen_as_it_will_be_read_checked_and_imported(
    importing: Page, hub: Demo, tmp_path: Path
) -> None:
    """Nothing to type: separator, decimal comma, accents, time and units are found; the words stay behind."""
    choose(importing, tmp_path, "four nord.csv", FRENCH)
    rows = importing.locator("section").filter(has_text="comme elles seront lues")
    expect(rows.get_by_role("row").nth(1)).to_contain_text("24 nov. 2026")
    expect(rows.get_by_role("columnheader").last).to_have_text("Température")
    expect(importing.get_by_role("checkbox", name="Prendre la colonne Note")).not_to_be_checked()
    importing.get_by_role("button", name="Vérifier sans importer").click()
    expect(importing.get_by_text("120 lignes prêtes à être importées")).to_be_visible()
    assert hub.values("generic:csv/four nord") == {}
    importing.get_by_role("button", name="Importer", exact=True).click()
    expect(importing.get_by_text("120 lignes importées.")).to_be_visible()
    until(lambda: hub.values("generic:csv/four nord").get("temperature") == 11.9)


def test_a_column_is_renamed_and_given_another_unit(importing: Page, hub: Demo, tmp_path: Path) -> None:
    """The preview follows at once, and the hub stores what it showed."""
    choose(importing, tmp_path, "fr.csv", "time,a,b\n1764000000,71.6,1\n")
    importing.get_by_label("Voie de a").fill("oven")
    importing.get_by_label("Unité de a").fill("°F")
    importing.get_by_role("checkbox", name="Prendre la colonne b").uncheck()
    expect(importing.get_by_role("cell", name="22 °C")).to_be_visible()
    importing.get_by_label("Nom du nouvel appareil").fill("renamed")
    importing.get_by_role("button", name="Importer", exact=True).click()
    expect(importing.get_by_text("1 ligne importée.")).to_be_visible()
    until(lambda: hub.values("generic:csv/renamed") == {"oven": 22.0})


def test_wrong_lines_are_named_in_french_and_nothing_is_imported(importing: Page, hub: Demo, tmp_path: Path) -> None:
    """Line, column, reason; correct the file, or how it is read."""
    choose(importing, tmp_path, "faux.csv", WRONG)
    importing.get_by_role("button", name="Importer", exact=True).click()
    expect(importing.get_by_text("Rien n’a été importé")).to_be_visible()
    wrong = importing.locator("li").filter(has_text="Ligne 3")
    expect(wrong.first).to_contain_text("'=1+1' n’est pas un nombre")
    assert hub.device("generic:csv/faux") is None


def test_another_separator_makes_other_columns(importing: Page, tmp_path: Path) -> None:
    """A wrong guess is corrected by hand, and the rest is found again."""
    choose(importing, tmp_path, "x.csv", "time;a,b\n1764000000;1,5\n", "utf-8")
    importing.get_by_label("Séparateur").select_option(",")
    expect(importing.get_by_text("aucune colonne ne ressemble à une heure")).to_be_visible()
    importing.get_by_label("Séparateur").select_option(";")
    expect(importing.get_by_role("checkbox", name="Prendre la colonne a,b")).to_be_checked()


def test_each_manner_of_writing_on_a_cable_is_shown_and_its_port_is_open(
    browser: Browser, hub: Demo, cable: Cable
) -> None:
    """A bare number, name:value, CSV under a header, JSON; unplugged, the page says so."""
    for line in ("21.5", "hum:40 light=300", '{"temp": 19.5}', "a [°C];b", "3.5;4"):
        cable.send(f"{line}\n".encode())
    wanted = {"value": 21.5, "hum": 40, "light": 300, "temp": 19.5, "a": 3.5, "b": 4}
    until(lambda: wanted.items() <= hub.values("serial:uno").items())
    with visit(browser, f"{hub.page}setup") as reader:
        port = reader.page.locator("#serial [data-port=uno]")
        expect(port).to_contain_text("ouvert")
        expect(port).to_contain_text("5 lignes lues")
        cable.unplug()
        expect(port).to_contain_text("débranché")
        expect(port).to_contain_text("Rebranchez-le")
        cable.plug()
        expect(port).to_contain_text("ouvert")


def test_what_nobody_understood_is_grouped_explained_and_found(devices: Page, hub: Demo) -> None:
    """One line for alike topics, with its number, its family and what to do, in French."""
    for room in ("kitchen", "bath", "hall"):
        hub.publish(f"zigbee2mqtt/{room}/temperature", "21.5")
    hub.publish("cellar/north", "{'temp': 21}")
    unknown = devices.locator("#unknown")
    group = unknown.locator("li").filter(has_text="zigbee2mqtt/+/temperature")
    expect(group).to_contain_text("×3")
    expect(group).to_contain_text("un objet JSON est attendu ici")
    expect(group).to_contain_text("Zigbee2MQTT doit publier du JSON")
    expect(unknown.locator("li").filter(has_text="cellar/north")).to_contain_text("▸'temp'")
    unknown.get_by_role("searchbox").fill("guillemets cellar")
    expect(group).to_have_count(0)
    expect(unknown.locator("li")).to_have_count(1)
    unknown.get_by_role("searchbox").fill("nothing of the kind")
    expect(unknown).to_contain_text("Rien ne répond")


def test_a_message_is_saved_as_a_capture_with_and_without_its_addresses(
    devices: Page, hub: Demo, tmp_path: Path
) -> None:
    """One click gives the file that a driver begins with; the other one, what may be published."""
    payload = '{"name":"Chez Paul","mac":"A0:B1:C2:D3:E4:F5","state":"idle"}'
    hub.publish("maison/paul/state", payload)
    group = devices.locator("#unknown li").filter(has_text="maison/paul/state")
    group.get_by_text("Dernier message").click()
    found = {}
    for link in ("Enregistrer la capture", "sans adresses ni noms"):
        with devices.expect_download() as saved:
            group.get_by_role("link", name=link).click()
        saved.value.save_as(tmp_path / "capture.json")
        (found[link],) = json.loads((tmp_path / "capture.json").read_text())["messages"]
    assert found["Enregistrer la capture"] == {"topic": "maison/paul/state", "payload": payload}
    scrubbed = json.dumps(found["sans adresses ni noms"])
    assert not any(word in scrubbed for word in ("Paul", "paul", "A0:B1"))
    assert '\\"state\\":\\"idle\\"' in scrubbed
