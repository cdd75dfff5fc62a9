"""The evaluation's report in a real browser: nothing cut off on a phone, no accessibility fault."""

import pytest

from services.classifier.evaluate import Bin, Evaluation, Slice
from services.classifier.report import AIMS, to_html
from tests.browser.eyes import NARROW, WIDE, Eyes, chromium

pytestmark = pytest.mark.slow

SLICES = (Slice("under 15 words", 191, 0.96, 0.97), Slice("extern", 1075, 1.0, 1.0))
RESULT = Evaluation(
    rows=1170,
    figures=dict.fromkeys(AIMS, 0.5) | {"single_called_mixed": 1.0},
    slices=SLICES,
    reliability=(Bin(0.49, 0.33, 6), Bin(1.0, 1.0, 564)),
    confusions=(("extern.opholdstilladelse", "bif.danskundervisning", 3),),
    departments=SLICES,
)


async def test_the_report_is_not_cut_off_and_has_no_accessibility_fault(tmp_path):
    page_file = tmp_path / "report.html"
    page_file.write_text(to_html(RESULT, "henvend", "0123456789ab" * 5), "utf-8")
    eyes, faults = Eyes(), []
    async with chromium() as browser:
        page = await browser.new_page(viewport=WIDE)
        await page.goto(page_file.as_uri())
        for window in (WIDE, NARROW):
            await page.set_viewport_size(window)
            faults += await eyes.faults(page)

    assert faults == []
