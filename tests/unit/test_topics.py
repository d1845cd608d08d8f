from schemas import topics


def test_every_topic_has_its_own_name() -> None:
    assert len({topic.name for topic in topics.ALL}) == len(topics.ALL)
