#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "owner/public_file.h"

struct PpdlPublicFile
{
	const uint8_t *map;
	size_t		size;
	uint32_t	version;
	int			uses;
	const uint8_t *verify_key;	/* NULL in version 1 */
	char		name[PPDL_NAME_MAX + 1];
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	uint32_t	count;
	PpdlPublicPart *part;
};

static PpdlStatus
damaged(const char *what, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "damaged public key file: %s", what);
}

static PpdlStatus
map_file(PpdlPublicFile *f, const char *path, PpdlError *err)
{
	struct stat st;
	void	   *map;
	int			fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return ppdl_error(err, PPDL_ERR_IO, "could not open \"%s\": %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < PPDL_PUBLIC_HEAD)
	{
		close(fd);
		return ppdl_error(err, PPDL_ERR_FORMAT, "\"%s\" is not a public key file", path);
	}
	map = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		ppdl_error(err, PPDL_ERR_IO, "could not map \"%s\": %s", path, strerror(errno));
	close(fd);
	if (map == MAP_FAILED)
		return PPDL_ERR_IO;
	f->map = map;
	f->size = (size_t) st.st_size;
	return PPDL_OK;
}

static PpdlStatus
read_head(PpdlPublicFile *f, PpdlReader *r, PpdlError *err)
{
	const uint8_t *magic = ppdl_read_bytes(r, 8);
	const uint8_t *name;
	uint8_t		hash[32];
	uint64_t	end;

	if (memcmp(magic, PPDL_PUBLIC_MAGIC, 8) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not a public key file");
	f->version = ppdl_read_u32(r);
	if (f->version < 1 || f->version > PPDL_PUBLIC_VERSION)
		return ppdl_error(err, PPDL_ERR_VERSION,
						  "public key file of format version %u; this program reads versions 1 to %d",
						  f->version, PPDL_PUBLIC_VERSION);
	f->uses = (int) ppdl_read_u32(r);
	memcpy(f->fingerprint, ppdl_read_bytes(r, PPDL_FINGERPRINT_BYTES), PPDL_FINGERPRINT_BYTES);
	name = ppdl_read_bytes(r, 64);
	f->count = ppdl_read_u32(r);
	ppdl_read_u32(r);
	end = ppdl_public_directory_end(f->version, f->count);
	if (f->count < 1 || f->count > PPDL_PUBLIC_MAX_PARTS || f->size < end + 32)
		return damaged("its directory is cut off", err);
	PPDL_TRY(ppdl_sha256(hash, f->map, end, err));
	if (memcmp(hash, f->map + end, 32) != 0)
		return damaged("its directory does not match its hash", err);
	if (f->version > 1)
		f->verify_key = ppdl_read_bytes(r, PPDL_VERIFY_KEY_BYTES);
	if (name[PPDL_NAME_MAX] != '\0')
		return damaged("malformed name", err);
	strcpy(f->name, (const char *) name);
	return ppdl_check_owner_name(f->name, err) == PPDL_OK ? PPDL_OK : damaged("malformed name", err);
}

/* parts follow each other without gaps but for alignment */
static PpdlStatus
read_entry(PpdlPublicFile *f, PpdlPublicPart *part, PpdlReader *r, uint64_t *end, PpdlError *err)
{
	uint64_t	offset,
				len;
	uint8_t		ring;
	uint32_t	id;
	int			first = part == f->part;

	part->name = (const char *) ppdl_read_bytes(r, 64);
	part->use = (int) ppdl_read_u32(r);
	ppdl_read_u32(r);
	offset = ppdl_read_u64(r);
	len = ppdl_read_u64(r);
	memcpy(part->sha256, ppdl_read_bytes(r, 32), 32);
	part->signature = f->version > 1 ? ppdl_read_bytes(r, PPDL_SIGNATURE_BYTES) : NULL;
	part->file = f;
	if (part->name[63] != '\0' || (first ? strcmp(part->name, "public") != 0 :
								   !ppdl_key_part_parse(part->name, &ring, &id)))
		return damaged("a part of unknown name", err);
	if (part->use < PPDL_USE_SUM || (part->use & f->uses) != part->use)
		return damaged("a part of unknown use", err);
	if (offset != ppdl_public_align(*end) || offset > f->size || len > f->size - offset || len == 0)
		return damaged("a part is cut off", err);
	for (uint64_t i = *end; i < offset; i++)
		if (f->map[i] != 0)
			return damaged("something lies between its parts", err);
	*end = offset + len;
	part->data = f->map + offset;
	part->len = (size_t) len;
	return PPDL_OK;
}

static PpdlStatus
read_file(PpdlPublicFile *f, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(f->map, f->size);
	uint64_t	end;

	PPDL_TRY(read_head(f, &r, err));
	f->part = calloc(f->count, sizeof(f->part[0]));
	if (f->part == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	end = ppdl_public_directory_end(f->version, f->count) + 32;
	for (uint32_t i = 0; i < f->count; i++)
		PPDL_TRY(read_entry(f, &f->part[i], &r, &end, err));
	if (end != f->size)
		return damaged("something follows its last part", err);
	if (memcmp(f->part[0].sha256, f->fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
		return damaged("its public key has another fingerprint", err);
	return PPDL_OK;
}

PpdlStatus
ppdl_public_file_open(PpdlPublicFile **out, const char *path, PpdlError *err)
{
	PpdlPublicFile *f = calloc(1, sizeof(*f));
	PpdlStatus	status;

	*out = NULL;
	if (f == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = map_file(f, path, err);
	if (status == PPDL_OK)
		status = read_file(f, err);
	if (status != PPDL_OK)
	{
		ppdl_public_file_close(f);
		return status;
	}
	*out = f;
	return PPDL_OK;
}

void
ppdl_public_file_close(PpdlPublicFile *f)
{
	if (f == NULL)
		return;
	if (f->map != NULL)
		munmap((void *) (uintptr_t) f->map, f->size);
	free(f->part);
	free(f);
}

const char *
ppdl_public_file_name(const PpdlPublicFile *f)
{
	return f->name;
}

const uint8_t *
ppdl_public_file_fingerprint(const PpdlPublicFile *f)
{
	return f->fingerprint;
}

const uint8_t *
ppdl_public_file_verify_key(const PpdlPublicFile *f)
{
	return f->verify_key;
}

int
ppdl_public_file_uses(const PpdlPublicFile *f)
{
	return f->uses;
}

int
ppdl_public_file_count(const PpdlPublicFile *f)
{
	return (int) f->count;
}

const PpdlPublicPart *
ppdl_public_file_part(const PpdlPublicFile *f, int i)
{
	return i >= 0 && (uint32_t) i < f->count ? &f->part[i] : NULL;
}

PpdlStatus
ppdl_public_part_check(const PpdlPublicPart *part, PpdlError *err)
{
	uint8_t		hash[32];

	PPDL_TRY(ppdl_sha256(hash, part->data, part->len, err));
	if (memcmp(hash, part->sha256, sizeof(hash)) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "part \"%s\" of the public key file is damaged", part->name);
	if (part->signature != NULL)
		PPDL_TRY(ppdl_part_verify(part->file->verify_key, part->file->fingerprint, part->name, part->len, part->sha256,
								  part->signature, err));
	return PPDL_OK;
}
