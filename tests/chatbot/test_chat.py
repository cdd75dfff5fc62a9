"""What a citizen can do in a conversation, by the API that every channel uses."""


async def test_an_answer_comes_with_its_receipt(desk):
    talk = await desk.talk()
    answer = (await talk.ask("Hvad koster et pas?"))[-1]

    assert answer["about"]["title"]
    assert "/answers/" in answer["receipt"]
    assert answer["at"].endswith("Z")
