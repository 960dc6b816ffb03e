#include "cli/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hex.h"
#include "cli/cli.h"

static FILE *raw;

static void
put_escaped(PpdlWriter *w, int c)
{
	const uint8_t byte = (uint8_t) c;
	char		digits[3];
	const char	named = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : 0;

	ppdl_write_u8(w, '\\');
	if (named)
	{
		ppdl_write_u8(w, (uint8_t) named);
		return;
	}
	ppdl_hex_write(digits, &byte, 1);
	ppdl_write_u8(w, 'x');
	ppdl_write_text(w, digits);
}

/* bytes that follow a first byte of UTF-8 */
static int
followers(int c)
{
	return c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC2 ? 1 : 0;
}

static void
escape_byte(PpdlEscaper *e, PpdlWriter *w, int c, const char *keep)
{
	const int	high = c >= 0x80 && c <= 0x9F;

	if (e->held)
	{
		e->held = 0;
		if (high)
		{
			put_escaped(w, c);
			return;
		}
		ppdl_write_u8(w, 0xC2);
		e->follow = 1;
	}
	if (e->follow > 0 && (c & 0xC0) == 0x80)
	{
		e->follow--;
		ppdl_write_u8(w, (uint8_t) c);
		return;
	}
	e->held = c == 0xC2;
	e->follow = e->held ? 0 : followers(c);
	if (e->held)
		return;
	if (high || c == 0x7F || (c < 0x20 && (c == 0 || strchr(keep, c) == NULL)))
		put_escaped(w, c);
	else
		ppdl_write_u8(w, (uint8_t) c);
}

void
ppdl_escape(PpdlEscaper *e, PpdlWriter *w, const char *s, size_t len, const char *keep)
{
	for (size_t i = 0; i < len; i++)
		escape_byte(e, w, (unsigned char) s[i], keep);
}

/* ------------------------------------------------------------------ streams */

typedef struct Stream
{
	int			fd;
	PpdlEscaper escaper;
} Stream;

static ssize_t
write_escaped(void *cookie, const char *s, size_t len)
{
	Stream	   *stream = cookie;
	PpdlWriter	w;
	ssize_t		n = 0;

	ppdl_writer_init_secret(&w);
	ppdl_escape(&stream->escaper, &w, s, len, "\n\t");
	for (size_t done = 0; done < w.len && n >= 0; done += n > 0 ? (size_t) n : 0)
	{
		n = write(stream->fd, w.buf + done, w.len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
	}
	if (w.bad)
		n = -1;
	ppdl_writer_free(&w);
	return n < 0 ? 0 : (ssize_t) len;
}

static FILE *
escaping(int fd)
{
	static Stream stream[2];
	FILE	   *f;

	stream[fd - 1].fd = fd;
	f = fopencookie(&stream[fd - 1], "w", (cookie_io_functions_t) {.write = write_escaped});
	if (f)
		setvbuf(f, NULL, _IOLBF, 0);
	return f;
}

void
ppdl_terminal_guard(void)
{
	FILE	   *f = escaping(STDERR_FILENO);

	raw = stderr;
	if (f)
		stderr = f;
	if (isatty(STDOUT_FILENO) && (f = escaping(STDOUT_FILENO)) != NULL)
		stdout = f;
}

FILE *
ppdl_terminal(void)
{
	return raw ? raw : stderr;
}
