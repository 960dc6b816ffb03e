/* Encrypted predictions on the owner's side. */
#include "rsa/prediction.h"

#include <math.h>
#include <stdlib.h>

#include "rsa/error.h"
#include "rsa/prediction_private.h"

#define BLOCK 64				/* rows between two polls */

/* decryption of row-major sums by several threads, a row a task */
typedef struct Job
{
	const PpdlRsaKey *key;
	const PpdlRsaView *view;
	PpdlRsaPredictionView prediction;
	const uint8_t **row;		/* start of each row's sums */
	double	   *z;
	uint32_t	first;			/* row of task 0 */
	PpdlError	task_error[BLOCK];
	PpdlStatus	task_status[BLOCK];
} Job;

static PpdlStatus
decrypt_sum(const Job *job, PpdlReader *r, uint32_t max, uint32_t *sum, PpdlError *err)
{
	unsigned	parts = ppdl_read_u16(r);
	uint64_t	total = 0;

	for (unsigned i = 0; i < parts; i++)
	{
		uint32_t	q = 0;

		PPDL_TRY(ppdl_rsa_decrypt_part(job->key, job->view,
									   ppdl_read_bytes(r, ppdl_rsa_part_bytes(job->view)), &q, err));
		total += q;
	}
	if (total > max)
		return ppdl_error(err, PPDL_ERR_PRECISION, "encrypted sum is larger than it can be: the prediction is damaged");
	*sum = (uint32_t) total;
	return PPDL_OK;
}

static PpdlStatus
decrypt_row(const Job *job, uint32_t row, PpdlError *err)
{
	const PpdlRsaPredictionView *v = &job->prediction;
	PpdlReader	r = ppdl_reader(job->row[row], (size_t) (job->row[row + 1] - job->row[row]));
	double	   *z = job->z + (size_t) row * v->units;
	int			present = ppdl_read_u8(&r) == PPDL_RSA_ROW_PRESENT;

	if (!present)
	{
		for (uint32_t u = 0; u < v->units; u++)
			z[u] = NAN;
		return PPDL_OK;
	}
	for (uint32_t u = 0; u < v->units; u++)
	{
		PpdlRsaUnit unit = ppdl_rsa_read_unit(v, u);
		uint32_t	positive = 0,
					negative = 0;

		PPDL_TRY(decrypt_sum(job, &r, unit.positive_max, &positive, err));
		PPDL_TRY(decrypt_sum(job, &r, unit.negative_max, &negative, err));
		z[u] = ppdl_rsa_unit_value(&unit, positive, negative);
		if (!isfinite(z[u]))
			return ppdl_error(err, PPDL_ERR_PRECISION, "decrypted prediction is not finite: its scales are damaged");
	}
	return PPDL_OK;
}

static void
decrypt_task(void *arg, int task)
{
	Job		   *job = arg;

	job->task_status[task] = decrypt_row(job, job->first + (uint32_t) task, &job->task_error[task]);
}

static PpdlStatus
decrypt_block(Job *job, PpdlThreads *threads, PpdlError *err)
{
	uint32_t	left = job->prediction.rows - job->first;
	int			tasks = (int) (left < BLOCK ? left : BLOCK);

	ppdl_parallel_for(threads, tasks, decrypt_task, job);
	for (int t = 0; t < tasks; t++)
		if (job->task_status[t] != PPDL_OK)
		{
			if (err != NULL)
				*err = job->task_error[t];
			return job->task_status[t];
		}
	return PPDL_OK;
}

/* where each row's sums begin; the layout has been checked */
static void
find_rows(Job *job)
{
	const PpdlRsaPredictionView *v = &job->prediction;
	PpdlReader	r = ppdl_reader(v->sums, v->sums_len);

	for (uint32_t row = 0; row < v->rows; row++)
	{
		job->row[row] = r.p;
		if (ppdl_read_u8(&r) == PPDL_RSA_ROW_NULL)
			continue;
		for (uint32_t s = 0; s < 2 * v->units; s++)
		{
			unsigned	n = ppdl_read_u16(&r);

			ppdl_read_bytes(&r, n * ppdl_rsa_part_bytes(job->view));
		}
	}
	job->row[v->rows] = r.p;
}

PpdlStatus
ppdl_rsa_prediction_decrypt(const PpdlRsaKey *key, const PpdlRsaView *view, PpdlThreads *threads,
							PpdlRsaPoll poll, void *arg, double *z, PpdlError *err)
{
	Job		   *job;
	PpdlStatus	status;
	uint32_t	rows;

	PPDL_TRY(ppdl_rsa_prediction_check_key(ppdl_rsa_key_public(key), view, err));
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return ppdl_rsa_nomem(err);
	job->key = key;
	job->view = view;
	job->z = z;
	PPDL_GOTO(done, ppdl_rsa_prediction_view(&job->prediction, view, err));
	rows = job->prediction.rows;
	job->row = calloc((size_t) rows + 1, sizeof(*job->row));
	if (job->row == NULL)
	{
		status = ppdl_rsa_nomem(err);
		goto done;
	}
	find_rows(job);
	for (; job->first < rows; job->first += BLOCK)
	{
		if (poll != NULL && poll(arg, job->first, rows))
		{
			status = ppdl_error(err, PPDL_ERR_CANCELED, "decryption was interrupted");
			goto done;
		}
		PPDL_GOTO(done, decrypt_block(job, threads, err));
	}
	status = PPDL_OK;
done:
	free(job->row);
	free(job);
	return status;
}
