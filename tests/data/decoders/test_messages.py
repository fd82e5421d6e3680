"""Warnings of libjpeg and libpng, each with the picture that it is about."""

import ctypes
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from tests.data.files import grey, jpeg, png, textured
from xraykit.data.decoders import messages as decoder_messages
from xraykit.data.decoders.messages import decoded_with_messages, is_jpeg_warning

pytestmark = pytest.mark.process

WHOLE = jpeg(textured())
HALF = WHOLE[: len(WHOLE) // 2] + b"\xff\xd9"


def messages_of(content: bytes) -> list[str]:
    return decoded_with_messages(lambda: cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYCOLOR))[1]


def write_as_c_code(text: str) -> None:
    library = ctypes.CDLL(None)
    library.fputs(text.encode(), ctypes.c_void_p.in_dll(library, decoder_messages._STDERR))


def test_a_whole_picture_has_no_messages_and_a_damaged_one_its_own(capfd):
    assert messages_of(WHOLE) == []
    assert messages_of(HALF) == ["Corrupt JPEG data: premature end of data segment"]
    assert capfd.readouterr().err == ""


def test_a_message_is_not_taken_for_that_of_a_picture_decoded_at_the_same_time(capfd):
    contents = [HALF if number % 5 == 0 else WHOLE for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(messages_of, contents))
    assert [bool(each) for each in found] == [content is HALF for content in contents]
    assert capfd.readouterr().err == ""


def test_the_result_is_the_decoded_picture():
    picture, _ = decoded_with_messages(lambda: cv2.imdecode(np.frombuffer(png(grey(77)), np.uint8), -1))
    np.testing.assert_array_equal(picture, grey(77))


def test_the_reason_why_a_png_is_refused_is_among_the_messages():
    whole = png(textured())
    start = whole.index(b"IDAT") + 40
    (message,) = messages_of(whole[:start] + bytes(50) + whole[start + 50 :])
    assert message.startswith("libpng error")
    assert not is_jpeg_warning(message)


def test_what_other_c_code_writes_meanwhile_is_passed_on_and_is_no_damage(capfd):
    result, messages = decoded_with_messages(lambda: write_as_c_code("the graph was optimised\n"))
    assert (result, messages) == (None, [])
    assert capfd.readouterr().err == "the graph was optimised\n"


def test_afterwards_c_code_writes_where_it_wrote_before_even_after_an_error(capfd):
    with pytest.raises(ZeroDivisionError):
        decoded_with_messages(lambda: 1 // 0)
    write_as_c_code("as before\n")
    assert capfd.readouterr().err == "as before\n"


def test_a_closed_standard_error_keeps_no_picture_from_being_decoded():
    script = (
        "import os, sys; os.close(2)\n"
        "from tests.data.decoders.test_messages import HALF, decoded_with_messages, messages_of, write_as_c_code\n"
        "decoded_with_messages(lambda: write_as_c_code('lost'))\n"
        "print(messages_of(HALF))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['Corrupt JPEG data: premature end of data segment']"


def test_a_child_that_is_forked_while_a_picture_is_decoded_decodes_too(capfd):
    def fork() -> int:
        child = os.fork()
        if child == 0:
            os._exit(0 if messages_of(HALF) and not messages_of(WHOLE) else 1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert decoded_with_messages(fork) == (0, [])


def test_a_forked_child_removes_no_message_of_its_parent():
    def decode_while_a_child_does() -> None:
        cv2.imdecode(np.frombuffer(HALF, np.uint8), cv2.IMREAD_ANYCOLOR)
        child = os.fork()
        if child == 0:
            messages_of(WHOLE)
            os._exit(0)
        os.waitpid(child, 0)

    assert decoded_with_messages(decode_while_a_child_does)[1] == ["Corrupt JPEG data: premature end of data segment"]


def test_where_the_warnings_cannot_be_read_it_is_logged_once_and_pictures_are_decoded():
    script = (
        "import logging, ctypes; logging.basicConfig()\n"
        "from xraykit.data.decoders import messages as d\n"
        "d._STDERR = 'no_such_symbol'\n"
        "print(d.decoded_with_messages(lambda: 1), d.decoded_with_messages(lambda: 2))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, []) (2, [])"
    assert done.stderr.count("cannot be read") == 1
