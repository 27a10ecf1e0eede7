"""The pages of a night in a browser: read from files, by mouse, by keyboard, on a telephone, in the dark, on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import Samples, new_installation, night
from tests.integration.site_browser import TELEPHONE, chromium, find_dead_links, opened, with_pages

UNITS = ["371602", "371603", "371625", "371600"]
"""Half of the units: of fewer no bulletin is written."""
COUNTY, OTHER = "371602", "371625"
KINDS = [
    "index.html",
    "programme_warm_action.html",
    f"county_{COUNTY}.html",
    "tiles.html",
    "quality.html",
    "dictionary.html",
    "rules.html",
    "explanations.html",
    "search.html?q=会员",
]
"""A page of every kind."""
PAPER = {"width": 702, "height": 1010}
"""A4 within its margins, in the pixels of style sheets."""
MOST_BYTES = 300_000


def correct(place: Installation, samples: Samples) -> None:
    """The county sends its newest workbook once more: one number is greater by one, one is missing, which is asked about."""
    [sample] = (samples([2023, 2024], units=UNITS) / COUNTY).glob("*_2024_*.xlsx")
    book = ClerkWorkbook(sample)
    township = book.villages()[0][:9]
    seen = book.cell("年3-2表", "亲子活动场次", township).value
    assert isinstance(seen, int | float)
    book.enter("年3-2表", "亲子活动场次", township, seen + 1)
    book.enter("年9表", "发放彩页份数", township, 0)
    book.cell("年9表", "发放彩页份数", township).value = None
    book.save(place.home.inbox / COUNTY / sample.name)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """Two years of two counties and the city after two nights; papers of an earlier year lie beside the pages."""
    home = tmp_path_factory.mktemp("site") / "home"
    made = with_pages(new_installation(home, samples, [2023, 2024], UNITS))
    night(made)
    for name in ("公报_2022.html", "公报_2022.docx", "年鉴_2022.xlsx"):
        (made.home.site / name).write_text("<h1>公报</h1>", encoding="utf-8")
    correct(made, samples)
    night(made)
    return made


@pytest.fixture(scope="module")
def site(place: Installation) -> Path:
    return place.home.site


@pytest.fixture(scope="module")
def names(site: Path) -> list[str]:
    """The pages, without the validation results and what others lay beside them."""
    return sorted(file.name for file in site.glob("*.html") if not file.name.startswith("公报"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def column(page: Page, table: str, number: int) -> list[str]:
    return page.locator(f"{table} tbody:first-of-type tr > :nth-child({number})").all_inner_texts()


def colours(page: Page, selector: str, name: str) -> set[str]:
    found: list[str] = page.locator(selector).evaluate_all(
        "(all, name) => all.map((each) => getComputedStyle(each)[name])", name
    )
    return set(found)


def test_every_link_leads_to_a_file_and_to_a_place_in_it(
    browser: Browser, site: Path, names: list[str]
) -> None:
    assert {f"county_{COUNTY}.html", "programme_wechat.html", "tiles.html", "explanations.html"} <= set(names)
    assert find_dead_links(browser, site, names) == []


def test_what_the_search_finds_leads_to_a_place(browser: Browser, site: Path) -> None:
    with opened(browser, site, "search.html") as page:
        found: list[list[str]] = page.evaluate("nianbaoSearch.entries")
    addresses = {entry[3] for entry in found}
    assert len(addresses) > 500
    pages = {
        name: (site / name).read_text(encoding="utf-8") for name in {a.partition("#")[0] for a in addresses}
    }
    dead = [
        a for a in addresses if "#" in a and f'id="{a.partition("#")[2]}"' not in pages[a.partition("#")[0]]
    ]
    assert dead == []


def test_no_page_names_an_address_elsewhere_and_none_is_heavy(site: Path, names: list[str]) -> None:
    for name in names:
        text = (site / name).read_text(encoding="utf-8")
        assert "http://" not in text, name
        assert "https://" not in text, name
        assert len(text.encode()) <= MOST_BYTES, name


def test_what_may_be_taken_away_is_linked(browser: Browser, site: Path) -> None:
    with opened(browser, site, "index.html") as page:
        links = page.locator("section[aria-labelledby=documents]")
        for label in ("2022年公报（Word）", "2022年年鉴（Excel）"):
            expect(links.get_by_role("link", name=label)).to_be_visible()
        links.get_by_role("link", name="2022年公报（网页）").click()
        expect(page.locator("h1")).to_contain_text("公报")


def test_without_scripts_every_number_can_be_read(browser: Browser, site: Path) -> None:
    with opened(browser, site, "programme_sunflower_house.html", java_script_enabled=False) as page:
        table = page.get_by_role("table", name=re.compile("^分县本年亲子活动|^分县亲子活动"))
        assert table.first.is_visible()
        assert page.locator("td.number").count() > 100
        assert not page.locator(".drawing").first.is_visible()
    with opened(browser, site, "tiles.html", java_script_enabled=False) as page:
        expect(page.locator(".tile strong").first).to_have_text(re.compile(r"\d"))
        expect(page.locator("noscript")).to_be_visible()


def test_the_charts_are_drawn_and_say_their_numbers(browser: Browser, site: Path) -> None:
    with opened(browser, site, "programme_sunflower_house.html") as page:
        figures = page.locator("figure.chart")
        assert figures.count() >= 3
        for figure in figures.all():
            figure.scroll_into_view_if_needed()
            expect(figure.locator("svg")).to_be_visible()
            assert figure.locator("svg path").count() > 3
        assert page.evaluate("Object.keys(globalThis).filter((name) => name.startsWith('vega'))") == [
            "vegaEmbed"
        ]
        bar = page.locator("figure.chart .mark-rect path").first
        bar.scroll_into_view_if_needed()
        bar.hover()
        tooltip = page.locator("#vg-tooltip-element")
        expect(tooltip).to_be_visible()
        expect(tooltip).to_contain_text("数值")


def test_a_chart_shows_the_numbers_of_the_table_below_it(browser: Browser, site: Path) -> None:
    with opened(browser, site, "programme_organisation.html") as page:
        section = page.locator("section[aria-labelledby=figure-member_count]")
        drawn = page.evaluate(
            "(figure) => JSON.parse(figure.querySelector('script').textContent).datasets.numbers",
            section.locator("figure").element_handle(),
        )
        rows = section.locator("tbody:first-of-type tr")
        series = [row.locator("td.number").all_inner_texts() for row in rows.all()]
        reported = [texts for texts in series if set(texts) != {"…"}]
        assert 0 < len(reported) < len(series)
        assert [point["text"] for point in drawn] == [text for texts in reported for text in texts]


def test_the_search_finds_by_chinese_word_by_id_and_by_code(browser: Browser, site: Path) -> None:
    with opened(browser, site, "search.html") as page:
        box, results = page.locator("#q"), page.locator("#results a")
        box.fill("个人会员")
        expect(results.first).to_have_text("个人会员")
        box.fill("member_co")
        expect(page.locator("#results code").first).to_have_text("member_count")
        box.fill("ＭＥＭＢＥＲ_ＣＯＵＮＴ")
        expect(page.locator("#results code").first).to_have_text("member_count")
        box.fill(COUNTY)
        expect(results.first).to_have_text("滨城区")
        box.fill("北镇街道")
        expect(results.first).to_have_text("北镇街道")
        box.fill("warm_action.premium_per_person")
        expect(page.locator("#results code").first).to_have_text("warm_action.premium_per_person")
        box.fill("鹳")
        expect(page.locator("#found")).to_have_text("没有找到，请换一个词。")
        box.fill("")
        expect(results).to_have_count(0)


def test_the_search_of_any_page_is_used_by_keyboard_alone(browser: Browser, site: Path) -> None:
    with opened(browser, site, "index.html") as page:
        page.locator("#find").focus()
        page.keyboard.type("北镇街道")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"search\.html\?q="))
        expect(page.locator("#found")).to_have_text(re.compile("^找到"))
        page.locator("#q").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(rf"county_{COUNTY}\.html#unit-371602003"))
        expect(page.locator("tr:target th")).to_have_text("北镇街道")


def test_a_table_is_sorted_by_click_and_by_keyboard_and_missing_numbers_stay_below(
    browser: Browser, site: Path
) -> None:
    with opened(browser, site, f"county_{COUNTY}.html") as page:
        table = "section[aria-labelledby=publicity] .wide:nth-of-type(2) table"
        head = page.locator(f"{table} thead th").filter(has_text="彩页").last
        place = head.evaluate("(each) => each.cellIndex + 1")
        before = column(page, table, place)
        assert "…" in before
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", "descending")
        numbers = [int(text.replace(",", "")) for text in column(page, table, place)[:-1]]
        assert numbers == sorted(numbers, reverse=True)
        assert column(page, table, place)[-1] == "…"
        head.get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(head).to_have_attribute("aria-sort", "ascending")
        assert [int(text.replace(",", "")) for text in column(page, table, place)[:-1]] == sorted(numbers)
        assert column(page, table, place)[-1] == "…"
        first = page.locator(f"{table} thead th").first
        first.get_by_role("button").focus()
        page.keyboard.press("Space")
        expect(first).to_have_attribute("aria-sort", "ascending")
        expect(head).to_have_attribute("aria-sort", "none")


def test_the_sum_of_the_city_stays_below_the_counties(browser: Browser, site: Path) -> None:
    with opened(browser, site, "programme_organisation.html") as page:
        table = page.locator("section[aria-labelledby=figure-member_count] table")
        table.get_by_role("button", name=re.compile("2024")).click()
        expect(table.locator("tbody tr").last).to_contain_text("滨州市（全市）")


def test_the_tiles_lie_as_on_the_map_and_show_what_is_chosen(browser: Browser, site: Path) -> None:
    with opened(browser, site, "tiles.html") as page:
        assert page.locator(".tile").count() == 7
        assert page.locator(".tile strong", has_text="…").count() == 4
        centre = page.locator(f".tile[data-code='{COUNTY}']").bounding_box()
        corner = page.locator(f".tile[data-code='{OTHER}']").bounding_box()
        assert centre
        assert corner
        assert corner["x"] > centre["x"]
        assert corner["y"] > centre["y"]
        page.locator("#indicator").select_option("warm_home_count")
        page.locator("#year").select_option("2023")
        expect(page.locator("#chosen")).to_have_text("2023年度暖心家园项目点（个）")
        shown = page.locator(f".tile[data-code='{COUNTY}'] strong").inner_text()
        address = page.locator("#more").get_attribute("href")
        assert len(colours(page, ".tile", "backgroundColor")) == 4
        page.locator("#more").click()
        page.wait_for_url(f"**/{address}")
        row = page.locator("section[aria-labelledby=figure-warm_home_count] tbody tr").first
        expect(row).to_contain_text("滨城区")
        assert shown in row.inner_text()


def test_the_page_of_data_quality_tells_what_is_open_and_what_changed(browser: Browser, site: Path) -> None:
    with opened(browser, site, "quality.html") as page:
        expect(page.locator(".lead")).to_contain_text(re.compile("核实性[1-9]"))
        counted = page.get_by_role("table", name="按审核关系和填报单位")
        expect(counted).to_contain_text("滨城区")
        changes = page.get_by_role("table", name="最近一次发布的变动")
        row = changes.get_by_role("row").filter(has_text="滨城区").filter(has_text="亲子活动").first
        expect(row).to_contain_text("更正")
        nights = page.get_by_role("table", name="最近2次写入数据仓库的运行")
        assert nights.get_by_role("row").count() == 3
        trend = page.locator("#nights ~ figure")
        trend.scroll_into_view_if_needed()
        expect(trend.locator("svg")).to_be_visible()


def test_the_dictionary_keeps_what_is_looked_for(browser: Browser, site: Path) -> None:
    with opened(browser, site, "dictionary.html") as page:
        page.get_by_label("只看含有").fill("member_count")
        expect(page.locator("#filtered")).to_have_text(re.compile(r"^\d+条$"))
        expect(page.locator("#indicator-member_count")).to_be_visible()
        expect(page.locator("#indicator-wechat_rank")).to_be_hidden()
        page.get_by_label("只看含有").fill("")
        expect(page.locator("#indicator-wechat_rank")).to_be_visible()


def test_the_keyboard_reaches_everything_and_may_skip_the_head(browser: Browser, site: Path) -> None:
    with opened(browser, site, "index.html") as page:
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        assert page.locator(".skip").evaluate("(each) => each.getBoundingClientRect().left") >= 0
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        stops = "a[href], button, input, select, [tabindex='0']"
        count = page.locator(stops).count()
        page.locator(".skip").focus()
        reached = set()
        for _ in range(count + 2):
            reached.add(
                page.evaluate(f'[...document.querySelectorAll("{stops}")].indexOf(document.activeElement)')
            )
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", page.evaluate("document.activeElement.outerHTML")
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body"):
                break
        assert reached == set(range(count))


@pytest.mark.parametrize(
    ("scheme", "address"),
    [*(("light", address) for address in KINDS), *(("dark", address) for address in KINDS[:5])],
)
def test_a_screen_reader_can_use_the_page(browser: Browser, site: Path, address: str, scheme: Any) -> None:
    with opened(browser, site, address, color_scheme=scheme) as page:
        if page.locator("figure.chart").count():
            page.locator("figure.chart").first.scroll_into_view_if_needed()
            expect(page.locator("figure.chart svg").first).to_be_visible()
        found = (
            Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
        )
        bad = [f"{v['id']}: {v['nodes'][0]['html']}" for v in found if v["impact"] in ("serious", "critical")]
        assert bad == []
        levels: list[int] = page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3, h4')].map((each) => Number(each.tagName[1]))"
        )
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
        assert page.locator("table").count() == page.locator("table > caption").count()


def test_in_the_dark_the_page_and_its_charts_have_other_colours(browser: Browser, site: Path) -> None:
    with opened(browser, site, "programme_organisation.html") as page:
        figure = page.locator("figure.chart").first
        figure.scroll_into_view_if_needed()
        line = "figure.chart .mark-line path"
        expect(page.locator(line).first).to_be_visible()
        light = (colours(page, "html", "backgroundColor"), colours(page, line, "stroke"))
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(
            "(was) => getComputedStyle(document.querySelector('figure.chart .mark-line path')).stroke !== was",
            arg=next(iter(light[1])),
        )
        dark = (colours(page, "html", "backgroundColor"), colours(page, line, "stroke"))
        assert not light[0] & dark[0]
        assert not light[1] & dark[1]


def test_on_a_telephone_no_page_scrolls_sideways(browser: Browser, site: Path) -> None:
    for name in KINDS:
        with opened(browser, site, name, viewport=TELEPHONE, is_mobile=True, has_touch=True) as page:
            for figure in page.locator("figure.chart").all()[:2]:
                figure.scroll_into_view_if_needed()
                expect(figure.locator("svg")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"], name


@pytest.mark.parametrize("address", KINDS[:5])
def test_a_page_can_be_printed(browser: Browser, site: Path, address: str) -> None:
    with opened(browser, site, address) as page:
        printed = page.pdf(prefer_css_page_size=True)
        assert printed.startswith(b"%PDF")
        assert page.locator("figure.chart svg").count() == page.locator("figure.chart").count()
        page.emulate_media(media="print")
        assert page.locator("nav:visible, .find:visible").count() == 0
        assert page.locator("main h1").is_visible()
        page.set_viewport_size(PAPER)
        assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"], (
            "a table leaves the paper"
        )


def test_what_is_first_seen_is_seen_soon(
    browser: Browser, site: Path, record_property: Callable[[str, object], None]
) -> None:
    """The browser's own measure, with room for a machine that does much else."""
    for name in KINDS:
        with opened(browser, site, name) as page:
            page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
            seen = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        record_property(name, seen)
        assert seen < 5_000, name
