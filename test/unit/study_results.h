/* Results of a study that was never made, as text: lines as ppdl study writes them. */
#ifndef PPDL_TEST_STUDY_RESULTS_H
#define PPDL_TEST_STUDY_RESULTS_H

#include <math.h>
#include <string.h>

#include "report/text.h"

typedef struct FakeMethod
{
	const char *name;
	double		accuracy,
				encrypt_s,		/* 0: does not apply */
				train_s,
				predict_s,
				row_bytes,
				key_bytes,
				result_bytes;
} FakeMethod;

static const FakeMethod fake_methods[] = {
	{"majority", 0, 0, 0, 0, 0, 0, 0},
	{"logistic", -0.012, 0, 0.04, 0.0005, 0, 0, 0},
	{"plain", 0, 0, 0.09, 0.002, 152, 0, 8},
	{"lwe-plain-model", 0.0005, 0.004, 0.09, 0.41, 164, 124775600, 12952},
	{"lwe", -0.001, 0.004, 14.2, 21.5, 164, 1030730928, 262144},
	{"rsa", -0.024, 2.9, 0.09, 0.5, 6912, 640, 6144},
};

enum
{
	FAKE_METHODS = 6
};

/* a number in [-1, 1] that is the same each time */
static inline double
fake_noise(int a, int b, int c)
{
	double		v = sin(a * 12.9898 + b * 78.233 + c * 37.719) * 43758.5453;

	return (v - floor(v)) * 2 - 1;
}

static inline void
fake_curves(PpdlWriter *w, const FakeMethod *m, int method, int split, double accuracy, int steps)
{
	ppdl_write_text(w, ",\"roc\":[[0,0]");
	for (int i = 1; i < 20; i++)
	{
		double		x = i / 20.0;

		ppdl_write_format(w, ",[%.4f,%.4f]", x, pow(x, (1 - accuracy) * (1.2 + 0.1 * fake_noise(split, i / 3, 1))));
	}
	ppdl_write_text(w, ",[1,1]],\"calibration\":[");
	for (int i = 0; i < 10; i++)
	{
		double		p = i / 10.0 + 0.05 + 0.02 * fake_noise(split, i, 2),
					share = p + 0.1 * sin(6.28 * p) + 0.03 * fake_noise(split, i, method);

		ppdl_write_format(w, "%s[%.4f,%.4f,%d]", i ? "," : "", p, fmin(fmax(share, 0), 1), 60 - 8 * (i < 5 ? i : 9 - i));
	}
	ppdl_write_text(w, "]");
	if (strcmp(m->name, "plain") != 0 && strcmp(m->name, "lwe") != 0)
		return;
	ppdl_write_text(w, ",\"curve\":[");
	for (int i = 1; i <= steps; i++)
		ppdl_write_format(w, "%s[%d,%.4f]", i > 1 ? "," : "", i, accuracy - 0.35 * exp(-i / 2.5));
	ppdl_write_text(w, "]");
}

/* names are JSON strings without their quotes; base: accuracy of the plain network, majority: of the baseline */
static inline void
fake_run(PpdlWriter *w, const char *dataset, const char *classes, const char *network, int method, int split, int splits,
		 double base, double majority)
{
	const FakeMethod *m = &fake_methods[method];
	int			has_network = method > 1;
	double		noise = 0.011 * fake_noise(split, 1, 7),
				a = (method ? base + m->accuracy : majority) + noise;

	ppdl_write_format(w, "{\"dataset\":\"%s\",\"rows\":2000,\"inputs\":16,\"classes\":[%s],\"network\":\"%s\","
					  "\"method\":\"%s\",\"split\":%d,\"splits\":%d,\"repeat\":1,\"seed\":1,\"train_rows\":1600,"
					  "\"test_rows\":400,\"metrics\":{\"accuracy\":%.4f,\"balanced_accuracy\":%.4f,\"sensitivity\":%.4f,"
					  "\"specificity\":%.4f,\"f1\":%.4f", dataset, classes, has_network ? network : "", m->name, split,
					  splits, a, method ? a - 0.004 : 0.5, method ? a + 0.01 : 1, method ? a - 0.02 : 0, a);
	if (method)
		ppdl_write_format(w, ",\"auc\":%.4f,\"brier\":%.4f", fmin(a + 0.05, 1), (1 - a) * 0.8);
	ppdl_write_text(w, "}");
	if (method > 2)
		ppdl_write_format(w, ",\"agreement\":%.4f,\"score_difference\":%.4g,\"encrypt_s\":%.4g", fmin(1 + m->accuracy / 4, 1),
						  method == 5 ? 0.2 : 3.1e-6, m->encrypt_s * (1 + noise));
	if (strcmp(m->name, "lwe") == 0)
		ppdl_write_text(w, ",\"weights_difference\":0.0007");
	if (has_network)
		ppdl_write_format(w, ",\"steps\":8,\"result_bytes\":%.0f,\"row_bytes\":%.0f", m->result_bytes, m->row_bytes);
	if (m->key_bytes > 0)
		ppdl_write_format(w, ",\"key_bytes\":%.0f", m->key_bytes);
	if (method)
	{
		ppdl_write_format(w, ",\"train_s\":%.4g,\"predict_s\":%.4g,\"cpu_s\":%.4g,\"peak_rss_bytes\":%.0f",
						  m->train_s * (1 + noise), m->predict_s * (1 + noise), 1.8 * (m->train_s + m->predict_s),
						  method == 4 ? 2.4e9 : 9.1e7);
		fake_curves(w, m, method, split, a, 8);
	}
	if (method > 2)
		ppdl_write_format(w, ",\"decrypt_s\":0.013,\"security_bits\":128,\"parameters\":\"%s\"", method == 5 ? "RSA-3072, 4-bit inputs" :
						  "N = 2^14, log q = 411");
	ppdl_write_format(w, ",\"ppdl\":\"0.2.0\",\"postgresql\":\"15.8\",\"processor\":\"AMD EPYC 9R14\",\"cores\":2,"
					  "\"when\":\"2026-11-27T08:%02d:00Z\",\"command\":\"ppdl study --study study.json -o results\"}\n",
					  (split * 7 + method) % 60);
}

static inline void
fake_dataset(PpdlWriter *w, const char *dataset, const char *classes, const char *network, int splits, double base,
			 double majority)
{
	for (int split = 1; split <= splits; split++)
		for (int method = 0; method < FAKE_METHODS; method++)
			fake_run(w, dataset, classes, network, method, split, splits, base, majority);
}

static inline void
fake_failure(PpdlWriter *w, const char *dataset, const char *network, const char *method, int split, const char *error)
{
	ppdl_write_format(w, "{\"dataset\":\"%s\",\"network\":\"%s\",\"method\":\"%s\",\"split\":%d,\"splits\":5,\"repeat\":1,"
					  "\"error\":\"%s\"}\n", dataset, network, method, split, error);
}

#endif
