#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "owner/passphrase.h"

#define SIZE (PPDL_MAX_PASSPHRASE + 1)

/* signals that end or stop the tool, and must find the terminal as it was */
static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

#define NWATCHED (sizeof watched / sizeof *watched)

static volatile sig_atomic_t caught;

void
ppdl_passphrase_free(char *passphrase)
{
	ppdl_lock_free(passphrase, SIZE);
}

/*
 * One line from fd, byte by byte: no buffer of the C library ever holds it.  Its length, NUL bytes included; -1 on
 * error or when a signal was caught; SIZE when too long.
 */
static ssize_t
read_line(int fd, char *buf)
{
	ssize_t		n = 0;
	char		c;

	for (;;)
	{
		ssize_t		got = caught ? -1 : read(fd, &c, 1);

		if (got < 0 && errno == EINTR && !caught)
			continue;
		if (got < 0)
			return -1;
		if (got == 0 || c == '\n')
			break;
		if (n == SIZE - 1)
			return SIZE;
		buf[n++] = c;
	}
	if (n > 0 && buf[n - 1] == '\r')
		n--;
	buf[n] = 0;
	return n;
}

static PpdlStatus
too_long(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_KEY, "the passphrase is longer than %d bytes", PPDL_MAX_PASSPHRASE);
}

/* version 0.1.0 took what stood before the first NUL byte: of a file in UTF-16, a letter */
static PpdlStatus
check_text(const char *buf, ssize_t n, const char *where, PpdlError *err)
{
	if (memchr(buf, 0, (size_t) n) == NULL && memcmp(buf, "\xFF\xFE", 2) != 0 && memcmp(buf, "\xFE\xFF", 2) != 0)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "%s is no passphrase: it holds a NUL byte or begins with a mark of UTF-16", where);
	ppdl_error_detail(err, PPDL_ERR_KEY,
					  "Version 0.1.0 took the bytes before the first NUL byte for the passphrase: "
					  "a file of those alone opens a key that was made so.");
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "The file is probably UTF-16, as some Windows programs write it. Save it as UTF-8, "
						   "for example: iconv -f utf-16 -t utf-8 old > new");
}

static PpdlStatus
from_file(char *buf, const char *path, PpdlError *err)
{
	char		where[200];
	int			fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t		n;

	if (fd < 0)
		return ppdl_os_error(err, "read the passphrase from", path);
	n = read_line(fd, buf);
	close(fd);
	if (n < 0)
		return ppdl_os_error(err, "read the passphrase from", path);
	if (n == SIZE)
		return too_long(err);
	if (n == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "the first line of \"%s\" is empty: no passphrase", path);
	snprintf(where, sizeof where, "the first line of \"%.*s\"", PPDL_CUT(path, 150));
	return check_text(buf, n, where, err);
}

static void
on_signal(int sig)
{
	caught = sig;
}

/* asks with echo off */
static ssize_t
ask_once(int fd, const char *prompt, char *buf)
{
	struct termios as_it_was,
				quiet;
	struct sigaction act = {.sa_handler = on_signal},	/* no SA_RESTART: read() returns */
				old[NWATCHED];
	ssize_t		n;

	if (tcgetattr(fd, &as_it_was) != 0)
		return -1;
	quiet = as_it_was;
	quiet.c_lflag &= ~(tcflag_t) ECHO;
	quiet.c_lflag |= ECHONL;
	caught = 0;
	for (size_t i = 0; i < NWATCHED; i++)
		sigaction(watched[i], &act, &old[i]);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	n = write(fd, prompt, strlen(prompt)) < 0 ? -1 : read_line(fd, buf);
	/* a background process may not set the terminal; nor need it, as its shell has done so */
	while (tcsetattr(fd, TCSAFLUSH, &as_it_was) != 0 && errno == EINTR && caught != SIGTTOU)
		;
	for (size_t i = 0; i < NWATCHED; i++)
		sigaction(watched[i], &old[i], NULL);
	return n;
}

/* What was caught happens once the terminal is as it was.  Whoever comes back from a stop is asked again. */
static ssize_t
ask(int fd, const char *prompt, char *buf)
{
	for (;;)
	{
		ssize_t		n = ask_once(fd, prompt, buf);
		int			sig = caught;

		caught = 0;
		if (sig == 0)
			return n;
		raise(sig);
		if (sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
			return -1;
	}
}

static PpdlStatus
from_terminal(char *buf, const char *what, int confirm, PpdlError *err)
{
	char	   *again = ppdl_lock_alloc(SIZE);
	char		prompt[300];
	int			fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t		n;
	int			same = 1;

	if (fd < 0 || again == NULL)
	{
		ppdl_passphrase_free(again);
		if (fd >= 0)
			close(fd);
		if (again == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		ppdl_error(err, PPDL_ERR_KEY, "no passphrase for %s, and no terminal to ask for it", what);
		return ppdl_error_hint(err, PPDL_ERR_KEY, "Give --passphrase-file FILE, or set PPDL_PASSPHRASE.");
	}
	snprintf(prompt, sizeof prompt, "%s for %s: ", confirm ? "New passphrase" : "Passphrase", what);
	n = ask(fd, prompt, buf);
	if (confirm && n > 0 && n < SIZE)
	{
		ssize_t		m = ask(fd, "The same again: ", again);

		same = m == n && CRYPTO_memcmp(buf, again, (size_t) n) == 0;
	}
	ppdl_passphrase_free(again);
	close(fd);
	if (n < 0)
		return ppdl_error(err, PPDL_ERR_KEY, "cannot read a passphrase from the terminal: %s", strerror(errno));
	if (n == SIZE)
		return too_long(err);
	if (n == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "an empty passphrase is not accepted");
	if (!same)
		return ppdl_error(err, PPDL_ERR_KEY, "the two passphrases differ");
	return check_text(buf, n, "what was typed", err);
}

static PpdlStatus
from_environment(char *buf, const char *value, PpdlError *err)
{
	if (value[0] == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "PPDL_PASSPHRASE is set, but empty");
	if (strlen(value) > PPDL_MAX_PASSPHRASE)
		return too_long(err);
	strcpy(buf, value);
	return PPDL_OK;
}

PpdlStatus
ppdl_passphrase_get(char **out, const char *file, const char *what, int confirm, PpdlError *err)
{
	char	   *buf = ppdl_lock_alloc(SIZE);
	const char *env = getenv("PPDL_PASSPHRASE");
	PpdlStatus	status;

	*out = NULL;
	if (buf == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (file)
		status = from_file(buf, file, err);
	else if (env)
		status = from_environment(buf, env, err);
	else
		status = from_terminal(buf, what, confirm, err);
	if (status == PPDL_OK)
		*out = buf;
	else
		ppdl_passphrase_free(buf);
	return status;
}

PpdlStatus
ppdl_passphrase_new(char **out, const char *file, const char *what, int allow_weak, PpdlError *err)
{
	char		hint[sizeof(err->hint) + 64];

	PPDL_TRY(ppdl_passphrase_get(out, file, what, 1, err));
	if (allow_weak || ppdl_passphrase_check(*out, err) == PPDL_OK)
		return PPDL_OK;
	ppdl_passphrase_free(*out);
	*out = NULL;
	snprintf(hint, sizeof(hint), "%s --allow-weak-passphrase takes any.", err->hint);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "%s", hint);
}

PpdlStatus
ppdl_key_open(PpdlOwner **out, const char *path, const char *passphrase_file, PpdlError *err)
{
	char		name[64],
				fingerprint[17];
	char	   *passphrase;
	PpdlStatus	status;

	*out = NULL;
	/* first what needs no passphrase: nobody types one for a file that is not there */
	PPDL_TRY(ppdl_name_file(path, ppdl_owner_peek(path, name, fingerprint, err), err));
	PPDL_TRY(ppdl_passphrase_get(&passphrase, passphrase_file, path, 0, err));
	status = ppdl_name_file(path, ppdl_owner_load(out, path, passphrase, err), err);
	ppdl_passphrase_free(passphrase);
	return status;
}
