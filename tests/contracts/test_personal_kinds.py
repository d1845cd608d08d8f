"""Kinds under which keys were ever written: erasure deletes those that it knows, so none may go."""

from schemas.personal import kinds

EVER_WRITTEN = """\
email answer.need answer.challenge answer.budget answer.timeline profile.address profile.bio
profile.birthdate profile.birthday profile.comment profile.comments profile.dateofbirth
profile.description profile.email profile.emailaddress profile.facebook profile.familyname
profile.fax profile.faxnumber profile.firstname profile.fullname profile.givenname profile.homephone
profile.ip profile.ipaddress profile.lastname profile.linkedin profile.linkedinurl
profile.maidenname profile.message profile.middlename profile.mobile profile.mobilenumber
profile.mobilephone profile.name profile.nickname profile.note profile.notes profile.personalemail
profile.phone profile.phonenumber profile.salutation profile.skype profile.street
profile.streetaddress profile.surname profile.twitter profile.twitterhandle profile.workemail
profile.workphone
"""


def test_no_kind_of_personal_value_was_taken_away() -> None:
    assert set(EVER_WRITTEN.split()) <= set(kinds())


def test_every_kind_is_written_down_here() -> None:
    assert set(kinds()) <= set(EVER_WRITTEN.split())
