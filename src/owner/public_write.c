#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "owner/public_file.h"
#include "owner/writer.h"

typedef struct Part
{
	char		name[64];
	PpdlUse		use;
	PpdlKeyNeed need;			/* unused by the public key */
	uint64_t	offset,
				len;
	uint8_t		sha256[32];
	uint8_t		signature[PPDL_SIGNATURE_BYTES];
} Part;

typedef struct Output
{
	PpdlOwner  *owner;
	const PpdlRecipient *recipient; /* of a writer's file: its owner; else NULL */
	PpdlThreads *threads;
	const char *path;			/* of the temporary file */
	int			fd;
	int			uses;
	uint32_t	count;
	Part		part[1 + 2 * PPDL_MAX_KEY_NEEDS];
} Output;

static PpdlStatus
io_error(const char *path, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_IO, "could not write \"%s\": %s", path, strerror(errno));
}

static PpdlStatus
write_at(const Output *out, const uint8_t *p, size_t len, uint64_t offset, PpdlError *err)
{
	while (len > 0)
	{
		ssize_t		n = pwrite(out->fd, p, len, (off_t) offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_error(out->path, err);
		p += n;
		len -= (size_t) n;
		offset += (uint64_t) n;
	}
	return PPDL_OK;
}

static void
list_needs(Output *out, const PpdlKeyNeed *needs, int n, PpdlUse use)
{
	for (int i = 0; i < n; i++)
	{
		Part	   *part = &out->part[out->count++];

		ppdl_key_part_name(part->name, needs[i].ring, needs[i].id);
		part->use = use;
		part->need = needs[i];
	}
}

static PpdlStatus
list_parts(Output *out, PpdlError *err)
{
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];

	strcpy(out->part[0].name, "public");
	out->part[0].use = PPDL_USE_SUM;
	out->count = 1;
	for (int use = PPDL_USE_SUM; use <= out->uses; use <<= 1)
	{
		PpdlError	failed = {0};
		int			n = out->recipient != NULL ? ppdl_keyplan_writer((PpdlUse) use, needs, &failed) :
			ppdl_keyplan((PpdlUse) use, needs, &failed);

		if (failed.code != PPDL_OK)
		{
			if (err != NULL)
				*err = failed;
			return failed.code;
		}
		list_needs(out, needs, n, (PpdlUse) use);
		if (use == PPDL_USE_SUM && out->recipient == NULL)
			list_needs(out, needs, ppdl_keyplan_for_writers(needs, &failed), PPDL_USE_SUM);
	}
	return PPDL_OK;
}

static PpdlStatus
make_part(const Output *out, uint32_t i, PpdlWriter *w, PpdlError *err)
{
	const PpdlKeyNeed *need = &out->part[i].need;

	if (i == 0)
		return ppdl_owner_public_key(out->owner, w, err);
	if (out->recipient != NULL && need->id >= PPDL_KEY_TO_OWNER)
		return ppdl_writer_part(out->owner, out->recipient, need, out->threads, w, err);
	return ppdl_owner_eval_key(out->owner, need, out->threads, w, err);
}

static PpdlStatus
write_part(Output *out, uint32_t i, uint64_t *end, PpdlError *err)
{
	Part	   *part = &out->part[i];
	PpdlStatus	status;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	PPDL_GOTO(done, make_part(out, i, &w, err));
	PPDL_GOTO(done, ppdl_sha256(part->sha256, w.buf, w.len, err));
	PPDL_GOTO(done, ppdl_owner_sign_part(out->owner, part->name, w.len, part->sha256, part->signature, err));
	part->offset = ppdl_public_align(*end);
	part->len = w.len;
	*end = part->offset + part->len;
	status = write_at(out, w.buf, w.len, part->offset, err);
done:
	ppdl_writer_free(&w);
	return status;
}

static void
put_name(PpdlWriter *w, const char *name)
{
	char		padded[64] = {0};

	strcpy(padded, name);
	ppdl_write_bytes(w, padded, sizeof(padded));
}

static PpdlStatus
write_directory(const Output *out, PpdlError *err)
{
	uint8_t		hash[32];
	PpdlStatus	status;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	ppdl_write_bytes(&w, PPDL_PUBLIC_MAGIC, 8);
	ppdl_write_u32(&w, PPDL_PUBLIC_VERSION);
	ppdl_write_u32(&w, (uint32_t) out->uses);
	ppdl_write_bytes(&w, out->owner->fingerprint, PPDL_FINGERPRINT_BYTES);
	put_name(&w, out->owner->name);
	ppdl_write_u32(&w, out->count);
	ppdl_write_u32(&w, 0);
	ppdl_write_bytes(&w, out->owner->verify_key, PPDL_VERIFY_KEY_BYTES);
	for (uint32_t i = 0; i < out->count; i++)
	{
		put_name(&w, out->part[i].name);
		ppdl_write_u32(&w, (uint32_t) out->part[i].use);
		ppdl_write_u32(&w, 0);
		ppdl_write_u64(&w, out->part[i].offset);
		ppdl_write_u64(&w, out->part[i].len);
		ppdl_write_bytes(&w, out->part[i].sha256, 32);
		ppdl_write_bytes(&w, out->part[i].signature, PPDL_SIGNATURE_BYTES);
	}
	if (w.bad)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	PPDL_GOTO(done, ppdl_sha256(hash, w.buf, w.len, err));
	ppdl_write_bytes(&w, hash, sizeof(hash));
	status = w.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : write_at(out, w.buf, w.len, 0, err);
done:
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
write_all(Output *out, PpdlProgress progress, void *arg, PpdlError *err)
{
	uint64_t	end = ppdl_public_directory_end(PPDL_PUBLIC_VERSION, out->count) + 32;

	for (uint32_t i = 0; i < out->count; i++)
	{
		if (progress != NULL)
			progress(arg, i, out->count, out->part[i].name);
		PPDL_TRY(write_part(out, i, &end, err));
	}
	PPDL_TRY(write_directory(out, err));
	if (fsync(out->fd) != 0)
		return io_error(out->path, err);
	if (progress != NULL)
		progress(arg, out->count, out->count, "");
	return PPDL_OK;
}

/* to a temporary name first, so that `path` is a whole file or none */
static PpdlStatus
write_file(Output *out, const char *path, PpdlProgress progress, void *arg, PpdlError *err)
{
	PpdlStatus	status;

	out->fd = open(out->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out->fd < 0)
		return ppdl_error(err, PPDL_ERR_IO, "could not create \"%s\": %s", out->path, strerror(errno));
	status = write_all(out, progress, arg, err);
	if (close(out->fd) != 0 && status == PPDL_OK)
		status = io_error(out->path, err);
	if (status == PPDL_OK && rename(out->path, path) != 0)
		status = io_error(path, err);
	if (status != PPDL_OK)
		unlink(out->path);
	return status;
}

static PpdlStatus
write_public(PpdlOwner *o, const PpdlRecipient *recipient, const char *path, int uses, PpdlThreads *threads,
			 PpdlProgress progress, void *arg, PpdlError *err)
{
	PpdlStatus	status;
	Output	   *out;
	char	   *temporary;

	if (uses < PPDL_USE_SUM || uses >= 1 << PPDL_USES)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d is no set of uses", uses);
	uses = (2 << ppdl_use_most(uses)) - 1;
	out = calloc(1, sizeof(*out));
	if (out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	out->owner = o;
	out->recipient = recipient;
	out->threads = threads;
	out->uses = uses;
	status = list_parts(out, err);
	if (status == PPDL_OK)
	{
		if (asprintf(&temporary, "%s.%ld.tmp", path, (long) getpid()) < 0)
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		else
		{
			out->path = temporary;
			status = write_file(out, path, progress, arg, err);
			free(temporary);
		}
	}
	free(out);
	return status;
}

PpdlStatus
ppdl_owner_write_public(PpdlOwner *o, const char *path, int uses, PpdlThreads *threads,
						PpdlProgress progress, void *arg, PpdlError *err)
{
	return write_public(o, NULL, path, uses, threads, progress, arg, err);
}

PpdlStatus
ppdl_writer_write_public(PpdlOwner *writer, const PpdlRecipient *to, const char *path, int uses, PpdlThreads *threads,
						 PpdlProgress progress, void *arg, PpdlError *err)
{
	return write_public(writer, to, path, uses, threads, progress, arg, err);
}
