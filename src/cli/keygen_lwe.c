#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/keygen.h"
#include "cli/outfile.h"
#include "cli/progress.h"
#include "cli/secret.h"
#include "owner/writer.h"

static PpdlStatus
new_owner(const PpdlKeygen *k, const PpdlRecipient *to, PpdlOwner **o, char **passphrase, PpdlError *err)
{
	const char *slash = strrchr(k->prefix, '/');
	const char *name = k->name ? k->name : slash ? slash + 1 : k->prefix;

	PPDL_TRY(ppdl_passphrase_new(passphrase, k->passphrase_file, k->secret_path, k->allow_weak, err));
	return to != NULL ? ppdl_owner_generate_writer(o, name, to->fingerprint, err) : ppdl_owner_generate(o, name, err);
}

/* an owner's file is made of an owner's key, a writer's of a writer's for that owner */
static PpdlStatus
check_existing(const PpdlKeygen *k, const PpdlOwner *o, const PpdlRecipient *to, PpdlError *err)
{
	const uint8_t *writes_for = ppdl_owner_writes_for(o);
	char		hex[17];

	if (writes_for == NULL && to == NULL)
		return PPDL_OK;
	if (writes_for != NULL && to != NULL && memcmp(writes_for, to->fingerprint, 8) == 0)
		return PPDL_OK;
	if (writes_for == NULL)
		return ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is an owner's key, not a writer's", k->existing);
	ppdl_fingerprint_hex(hex, writes_for);
	ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is the key of a writer for the owner of key %s", k->existing, hex);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Give that owner's public file: --writer-for FILE.pub");
}

static void
report_size(const char *path, const char *what)
{
	struct stat st;

	if (stat(path, &st) == 0)
		printf("%-12s %s (%.1f %s)\n", what, path, st.st_size < 1 << 20 ? (double) st.st_size / 1024 :
			   (double) st.st_size / (1 << 20),
			   st.st_size < 1 << 20 ? "KiB" : "MiB");
}

static void
report(const PpdlKeygen *k, const PpdlOwner *o)
{
	char		hex[17];

	ppdl_fingerprint_hex(hex, ppdl_owner_fingerprint(o));
	printf("name:        %s\nfingerprint: %s\n", ppdl_owner_name(o), hex);
	if (ppdl_owner_writes_for(o) != NULL)
	{
		ppdl_fingerprint_hex(hex, ppdl_owner_writes_for(o));
		printf("writes for:  %s\n", hex);
	}
	if (k->existing == NULL)
		report_size(k->secret_path, "secret key:");
	report_size(k->public_path, "public keys:");
}

/* an error about the file by its temporary name, or one that begins so, becomes one about the name it shall have */
static void
name_truly(const char *temporary, const char *path, PpdlError *err)
{
	char	   *at = strstr(err->message, temporary),
			   *end = at ? strchr(at, '"') : NULL;
	char		text[2 * sizeof err->message];

	if (end == NULL)
		return;
	snprintf(text, sizeof text, "%.*s%s%s", (int) (at - err->message), err->message, path, end);
	ppdl_error(err, err->code, "%s", text);
}

/* the public file of o, which writes for `to`, or for nobody (NULL), under a temporary name */
static PpdlStatus
write_public(const PpdlKeygen *k, PpdlOwner *o, const PpdlRecipient *to, const char *temporary, const char *path,
			 PpdlError *err)
{
	PpdlThreads *threads;
	PpdlStatus	status;

	PPDL_TRY(ppdl_threads_create(&threads, k->threads, err));
	status = to != NULL ?
		ppdl_writer_write_public(o, to, temporary, k->uses, threads, ppdl_progress, NULL, err) :
		ppdl_owner_write_public(o, temporary, k->uses, threads, ppdl_progress, NULL, err);
	if (status == PPDL_ERR_IO)
		name_truly(temporary, path, err);
	ppdl_threads_destroy(threads);
	ppdl_progress_clear();
	return status;
}

/*
 * The public file first, under a temporary name: it takes long, and a secret key without it would be in the way of a
 * second try.
 */
static PpdlStatus
write_files(const PpdlKeygen *k, PpdlOwner *o, const PpdlRecipient *to, const char *passphrase, const char *temporary,
			PpdlError *err)
{
	PPDL_TRY(write_public(k, o, to, temporary, k->public_path, err));
	if (k->existing == NULL)
		PPDL_TRY(ppdl_owner_save(o, k->secret_path, passphrase, err));
	if (rename(temporary, k->public_path) != 0)
		return ppdl_os_error(err, "write", k->public_path);
	return PPDL_OK;
}

static PpdlStatus
make_key(const PpdlKeygen *k, const PpdlRecipient *to, PpdlError *err)
{
	PpdlOwner  *o = NULL;
	char	   *passphrase = NULL;
	char	   *temporary = NULL;
	PpdlStatus	status;

	if (k->existing)
		PPDL_GOTO(done, ppdl_key_open(&o, k->existing, k->passphrase_file, err));
	else
		PPDL_GOTO(done, new_owner(k, to, &o, &passphrase, err));
	PPDL_GOTO(done, check_existing(k, o, to, err));
	PPDL_GOTO(done, ppdl_out_temporary(k->public_path, &temporary, err));
	status = write_files(k, o, to, passphrase, temporary, err);
	if (status == PPDL_OK)
		report(k, o);
	else
		unlink(temporary);
	ppdl_out_forget(temporary);

done:
	free(temporary);
	ppdl_passphrase_free(passphrase);
	ppdl_owner_destroy(o);
	return status;
}

/* ------------------------------------------------------------------ rotation */

/* the former key as a writer for the new one, whose public file is there by now */
static PpdlStatus
write_takeover(const PpdlKeygen *k, PpdlOwner *old, const char *path, PpdlError *err)
{
	PpdlRecipient to = {.name = ""};
	char	   *temporary = NULL;
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_recipient_read_file(&to, k->public_path, err));
	PPDL_GOTO(done, ppdl_out_temporary(path, &temporary, err));
	status = write_public(k, old, &to, temporary, path, err);
	if (status == PPDL_OK && rename(temporary, path) != 0)
		status = ppdl_os_error(err, "write", path);
	if (status != PPDL_OK)
		unlink(temporary);
	ppdl_out_forget(temporary);
done:
	free(temporary);
	ppdl_recipient_free(&to);
	return status;
}

static PpdlStatus
rotate(const PpdlKeygen *k, PpdlOwner *old, const char *path, PpdlError *err)
{
	if (ppdl_owner_writes_for(old) != NULL)
	{
		ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is a writer's key, whose rows its owner has already", k->rotate);
		return ppdl_error_hint(err, PPDL_ERR_KEY, "Make the writer another with --writer-for, and revoke this one.");
	}
	if (access(path, F_OK) == 0)
		return ppdl_error(err, PPDL_ERR_IO, "\"%s\" exists and is not overwritten", path);
	PPDL_TRY(make_key(k, NULL, err));
	PPDL_TRY(write_takeover(k, old, path, err));
	report_size(path, "takes over:");
	return PPDL_OK;
}

static PpdlStatus
keygen_rotate(const PpdlKeygen *k, PpdlError *err)
{
	PpdlOwner  *old;
	PpdlStatus	status;
	char	   *path;

	PPDL_TRY(ppdl_key_open(&old, k->rotate, k->old_passphrase_file ? k->old_passphrase_file : k->passphrase_file, err));
	if (asprintf(&path, "%s-%s.pub", k->prefix, ppdl_owner_name(old)) < 0)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
	{
		status = rotate(k, old, path, err);
		free(path);
	}
	ppdl_owner_destroy(old);
	return status;
}

PpdlStatus
ppdl_keygen_lwe(const PpdlKeygen *k, PpdlError *err)
{
	PpdlRecipient to = {.name = ""};
	PpdlStatus	status;

	if (k->rotate != NULL)
		return keygen_rotate(k, err);
	if (k->writer_for == NULL)
		return make_key(k, NULL, err);
	status = ppdl_recipient_read_file(&to, k->writer_for, err);
	if (status == PPDL_OK)
		status = make_key(k, &to, err);
	ppdl_recipient_free(&to);
	return status;
}
