# A process that takes one hostile name after the other and makes a system call under each. Names come in hexadecimal.
import ctypes
import sys
import time

PR_SET_NAME = 15
libc = ctypes.CDLL(None, use_errno=True)
names = [bytes.fromhex(text) for text in sys.argv[1:]]
while True:
    for name in names:
        if libc.prctl(PR_SET_NAME, ctypes.c_char_p(name), 0, 0, 0) != 0:
            sys.exit(f"prctl: {ctypes.get_errno()}")
        time.sleep(0.002)
