#include "owner/writer_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "rows/fingerprint.h"

/* an owner's writer, the writer's writer, and so on: former keys */
#define MAX_CHAIN 64

void
ppdl_writer_parts_free(PpdlWriterParts *w)
{
	for (int i = 0; i < w->count; i++)
		free(w->part[i].bytes);
	free(w->part);
	memset(w, 0, sizeof *w);
}

PpdlStatus
ppdl_writer_parts_add(PpdlWriterParts *w, const void *bytes, size_t len, PpdlError *err)
{
	PpdlWriterPart *more = realloc(w->part, (size_t) (w->count + 1) * sizeof *more),
			   *part;

	if (more == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	w->part = more;
	part = &w->part[w->count];
	PPDL_TRY(ppdl_writer_head(&part->head, bytes, len, err));
	part->bytes = malloc(len);
	if (part->bytes == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memcpy(part->bytes, bytes, len);
	part->len = len;
	w->count++;
	return PPDL_OK;
}

PpdlStatus
ppdl_writer_parts_add_file(PpdlWriterParts *w, const char *path, PpdlError *err)
{
	const PpdlPublicPart *part;
	PpdlPublicFile *f;
	PpdlWriterHead head;
	PpdlStatus	status;

	PPDL_TRY(ppdl_public_file_open(&f, path, err));
	status = ppdl_public_file_writer(f, &head, &part, err);
	if (status == PPDL_OK && part == NULL)
		status = ppdl_error(err, PPDL_ERR_KEY, "the public file of an owner, not of a writer");
	if (status == PPDL_OK)
		status = ppdl_writer_parts_add(w, part->data, part->len, err);
	ppdl_public_file_close(f);
	return status;
}

static const PpdlWriterPart *
find(const PpdlWriterParts *w, const uint8_t writer[8])
{
	for (int i = 0; i < w->count; i++)
		if (memcmp(w->part[i].head.writer, writer, 8) == 0)
			return &w->part[i];
	return NULL;
}

int
ppdl_writer_parts_lead(const PpdlWriterParts *w, const uint8_t writer[8], const uint8_t key[8])
{
	const PpdlWriterPart *part = find(w, writer);

	for (int i = 0; i < MAX_CHAIN && part != NULL && memcmp(part->head.owner, key, 8) != 0; i++)
		part = find(w, part->head.owner);
	return part != NULL && memcmp(part->head.owner, key, 8) == 0;
}

char *
ppdl_writer_parts_list(const PpdlWriterParts *w, const char *key, const char *quote)
{
	uint8_t		fingerprint[8];
	PpdlWriter	out;

	ppdl_writer_init(&out);
	ppdl_fingerprint_parse(fingerprint, key);
	ppdl_write_text(&out, quote);
	ppdl_write_text(&out, key);
	ppdl_write_text(&out, quote);
	for (int i = 0; i < w->count; i++)
	{
		char		hex[17];

		if (!ppdl_writer_parts_lead(w, w->part[i].head.writer, fingerprint))
			continue;
		ppdl_fingerprint_hex(hex, w->part[i].head.writer);
		ppdl_write_text(&out, ",");
		ppdl_write_text(&out, quote);
		ppdl_write_text(&out, hex);
		ppdl_write_text(&out, quote);
	}
	ppdl_write_u8(&out, 0);
	if (out.bad)
		ppdl_writer_free(&out);
	return (char *) out.buf;
}

static PpdlOwner *
holder(PpdlOwner **key, int owners, const uint8_t fingerprint[8])
{
	for (int i = 0; i < owners; i++)
		if (ppdl_owner_holds(key[i], fingerprint))
			return key[i];
	return NULL;
}

PpdlStatus
ppdl_writer_parts_owner(const PpdlWriterParts *w, PpdlOwner **key, int owners, const uint8_t fingerprint[8],
						PpdlOwner **owner, PpdlError *err)
{
	const PpdlWriterPart *chain[MAX_CHAIN];
	const uint8_t *at = fingerprint;
	int			n = 0;

	/* up from the writer to a key that is here, then down again, seed by seed */
	while ((*owner = holder(key, owners, at)) == NULL && n < MAX_CHAIN && (chain[n] = find(w, at)) != NULL)
		at = chain[n++]->head.owner;
	if (*owner == NULL)
		return PPDL_OK;
	while (n-- > 0)
		PPDL_TRY(ppdl_owner_add_writer(*owner, chain[n]->bytes, chain[n]->len, err));
	return PPDL_OK;
}

PpdlStatus
ppdl_writer_parts_open(const PpdlWriterParts *w, PpdlOwner *key, PpdlError *err)
{
	for (int i = 0; i < w->count; i++)
	{
		PpdlOwner  *owner;

		PPDL_TRY(ppdl_writer_parts_owner(w, &key, 1, w->part[i].head.writer, &owner, err));
	}
	return PPDL_OK;
}
