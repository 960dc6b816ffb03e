#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"

#define SIZE (PPDL_MAX_PASSPHRASE + 1)

void
ppdl_passphrase_free(char *passphrase)
{
	if (passphrase)
		ppdl_free_secret(passphrase, SIZE);
}

/* one line from fd, byte by byte: no buffer of the C library ever holds it. Its length, -1 on error, SIZE when too long */
static ssize_t
read_line(int fd, char *buf)
{
	ssize_t		n = 0;
	char		c;

	for (;;)
	{
		ssize_t		got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
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

static PpdlStatus
from_file(char *buf, const char *path, PpdlError *err)
{
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
	return PPDL_OK;
}

static struct termios saved_terminal;
static int	saved_fd = -1;

static void
restore_terminal(int sig)
{
	tcsetattr(saved_fd, TCSAFLUSH, &saved_terminal);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* asks with echo off; Ctrl-C gives the terminal back as it was */
static ssize_t
ask(int fd, const char *prompt, char *buf)
{
	struct termios quiet;
	struct sigaction act = {.sa_handler = restore_terminal},
				old;
	ssize_t		n;

	if (tcgetattr(fd, &saved_terminal) != 0)
		return -1;
	saved_fd = fd;
	quiet = saved_terminal;
	quiet.c_lflag &= ~(tcflag_t) ECHO;
	quiet.c_lflag |= ECHONL;
	sigaction(SIGINT, &act, &old);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	n = write(fd, prompt, strlen(prompt)) < 0 ? -1 : read_line(fd, buf);
	tcsetattr(fd, TCSAFLUSH, &saved_terminal);
	sigaction(SIGINT, &old, NULL);
	return n;
}

static PpdlStatus
from_terminal(char *buf, const char *what, int confirm, PpdlError *err)
{
	char		again[SIZE];
	char		prompt[300];
	int			fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t		n;
	int			same = 1;

	if (fd < 0)
	{
		ppdl_error(err, PPDL_ERR_KEY, "no passphrase for %s, and no terminal to ask for it", what);
		return ppdl_error_hint(err, PPDL_ERR_KEY, "Give --passphrase-file FILE, or set PPDL_PASSPHRASE.");
	}
	snprintf(prompt, sizeof prompt, "%s for %s: ", confirm ? "New passphrase" : "Passphrase", what);
	n = ask(fd, prompt, buf);
	if (confirm && n > 0 && n < SIZE)
	{
		ssize_t		m = ask(fd, "The same again: ", again);

		same = m == n && CRYPTO_memcmp(buf, again, (size_t) n) == 0;
		OPENSSL_cleanse(again, sizeof again);
	}
	close(fd);
	if (n < 0)
		return ppdl_error(err, PPDL_ERR_KEY, "cannot read a passphrase from the terminal: %s", strerror(errno));
	if (n == SIZE)
		return too_long(err);
	if (n == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "an empty passphrase is not accepted");
	if (!same)
		return ppdl_error(err, PPDL_ERR_KEY, "the two passphrases differ");
	return PPDL_OK;
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
	char	   *buf = calloc(1, SIZE);
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
