/* Keys in files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "rsa/error.h"
#include "rsa/file.h"

#define MAX_KEY_FILE (1 << 20)
#define BEGIN "-----BEGIN "

static PpdlStatus
io_error(PpdlError *err, const char *path, const char *what)
{
	int			e = errno;

	ppdl_error(err, PPDL_ERR_IO, "cannot %s \"%s\": %s", what, path, strerror(e));
	if (e == EEXIST)
		ppdl_error_hint(err, PPDL_ERR_IO, "Keys are never overwritten: remove the file or choose another name.");
	return PPDL_ERR_IO;
}

static PpdlStatus
write_new_file(const char *path, mode_t mode, const PpdlWriter *w, PpdlError *err)
{
	int			fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	PpdlStatus	status = PPDL_OK;

	if (fd < 0)
		return io_error(err, path, "create");
	if (ppdl_write_durably(fd, w) != 0)
		status = io_error(err, path, "write");
	if (close(fd) != 0 && status == PPDL_OK)
		status = io_error(err, path, "write");
	if (status != PPDL_OK)
		unlink(path);
	return status;
}

static PpdlStatus
read_file(const char *path, PpdlWriter *w, PpdlError *err)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC);
	PpdlStatus	status = PPDL_OK;

	if (fd < 0)
		return io_error(err, path, "open");
	for (;;)
	{
		char		buf[4096];
		ssize_t		n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			status = io_error(err, path, "read");
		else if (w->len + (size_t) n > MAX_KEY_FILE)
			status = ppdl_error(err, PPDL_ERR_FORMAT, "\"%s\" is too long for a key file", path);
		if (n <= 0 || status != PPDL_OK)
			break;
		ppdl_write_bytes(w, buf, (size_t) n);
	}
	close(fd);
	if (status == PPDL_OK && w->bad)
		status = ppdl_rsa_nomem(err);
	return status;
}

PpdlStatus
ppdl_rsa_key_save(const PpdlRsaKey *key, const char *path, const char *passphrase, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_rsa_key_to_pem(key, passphrase, &w, err);
	if (status == PPDL_OK)
		status = write_new_file(path, 0600, &w, err);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_rsa_key_load(PpdlRsaKey **out, const char *path, const char *passphrase, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init(&w);
	status = read_file(path, &w, err);
	if (status == PPDL_OK)
		status = ppdl_rsa_key_from_pem(out, w.buf, w.len, passphrase, err);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_rsa_public_save(const PpdlRsaPublic *pub, const char *path, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_rsa_public_to_pem(pub, &w, err);
	if (status == PPDL_OK)
		status = write_new_file(path, 0644, &w, err);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_rsa_public_load(PpdlRsaPublic **out, const char *path, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init(&w);
	status = read_file(path, &w, err);
	if (status == PPDL_OK)
		status = ppdl_rsa_public_from_pem(out, w.buf, w.len, err);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_pem_kind(const char *path, PpdlPemKind *kind, PpdlError *err)
{
	char		text[4096];
	FILE	   *f = fopen(path, "r");
	const char *begin;
	size_t		n;

	*kind = PPDL_PEM_NONE;
	if (f == NULL)
		return ppdl_os_error(err, "open", path);
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	begin = strstr(text, BEGIN);
	if (begin == NULL)
		return PPDL_OK;
	begin += strlen(BEGIN);
	if (strncmp(begin, "PUBLIC KEY-----", 15) == 0)
		*kind = PPDL_PEM_PUBLIC;
	else if (strncmp(begin, "ENCRYPTED PRIVATE KEY-----", 26) == 0)
		*kind = PPDL_PEM_PRIVATE;
	else
		*kind = PPDL_PEM_OTHER;
	return PPDL_OK;
}
