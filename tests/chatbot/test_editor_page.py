"""The editors' page: what was asked and not answered, what did not help, what is to be reviewed."""


async def test_what_was_not_answered_stands_on_the_page_in_groups(desk):
    for words in ("må jeg holde høns i haven", "Må man holde høns i min have", "hej med dig"):
        talk = await desk.talk()
        await talk.ask(words)
    editor = await desk.staff("freja.redaktoer")

    page = (await editor.get("/editor")).text

    assert "høns" in page
    assert "1 spørgsmål, der ligner" in page
