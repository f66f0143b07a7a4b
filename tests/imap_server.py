import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
USER, PASSWORD = "bounces", "secret"
CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""
# who is not root may not become another
UNPRIVILEGED = """
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
"""


class ImapServer:
    """A real mailbox on loopback, by Dovecot; root gives its rights away to nobody.

    :ivar port: where it answers
    """

    def __init__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="imap"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def __enter__(self):
        file = self._folder / "dovecot.conf"
        file.write_text(self._configuration())
        self._process = subprocess.Popen([DOVECOT, "-F", "-c", file])
        try:
            self._wait()
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error):
        self._process.terminate()
        self._process.wait(timeout=20)
        shutil.rmtree(self._folder)

    def put(self, *mails):
        """Put mails into the mailbox."""
        with self._log_in() as session:
            for mail in mails:
                session.append("INBOX", None, None, mail.replace("\n", "\r\n").encode())

    def unread(self):
        """Return how many mails nobody has looked at."""
        with self._log_in() as session:
            session.select("INBOX", readonly=True)
            return len(session.search(None, "UNSEEN")[1][0].split())

    def _log_in(self):
        session = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        session.login(USER, PASSWORD)
        return session

    def _configuration(self):
        is_root = os.geteuid() == 0
        user = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.geteuid())
        mail = self._folder / "mail"
        mail.mkdir()
        if is_root:
            self._folder.chmod(0o711)
            os.chown(mail, user.pw_uid, user.pw_gid)
        configuration = CONFIGURATION if is_root else CONFIGURATION + UNPRIVILEGED
        return configuration.format(
            folder=self._folder,
            port=self.port,
            password=PASSWORD,
            uid=user.pw_uid,
            gid=user.pw_gid,
            user=user.pw_name,
            group=grp.getgrgid(user.pw_gid).gr_name,
        )

    def _wait(self):
        for _try in range(200):
            if self._process.poll() is not None:
                break
            try:
                return self._log_in().logout()
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.1)
        log = self._folder / "log"
        raise RuntimeError(f"Dovecot: {log.read_text() if log.exists() else 'no log'}")
