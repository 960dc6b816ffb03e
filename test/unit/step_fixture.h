/*
 * Steps of gradient descent on rows that are encrypted straight into slots, beside the plain twin: no bridge, no
 * half-bootstrap.
 */
#ifndef TEST_STEP_FIXTURE_H
#define TEST_STEP_FIXTURE_H

#include "deep_fixture.h"

#include "learn/step.h"
#include "net/train.h"
#include "rows/cipher.h"

#define INITIAL "\"learning_rate\":0.2,\"init_scale\":0.5,\"batch\":1000000"

typedef struct Descent
{
	Deep	   *d;
	PpdlNet    *net;			/* the plain twin */
	PpdlTrainOptions opt;
	PpdlSlotLayout lay;
	PpdlSgd    *sgd;
	PpdlTile	tile;
	double	   *x,				/* the rows of the tile */
			   *y;
	int			rows;
	PpdlCt		w[PPDL_MAX_WEIGHT_CTS],
				v[PPDL_MAX_WEIGHT_CTS];
} Descent;

static inline PpdlCt
encrypt_period(Fixture *f, const double complex *z, size_t period)
{
	PpdlPt		pt;
	PpdlCt		ct;

	OK(ppdl_pt_alloc(&f->ev, &pt, PPDL_BOOT_WORK_LIMBS, &err));
	OK(ppdl_encode_slots(f->par, &pt, z, period, PPDL_SGD_SCALE, PPDL_BOOT_WORK_LIMBS, &err));
	OK(ppdl_encrypt_secret(&f->ev, &ct, &pt, f->sk, f->rng, &err));
	ppdl_pt_release(&f->ev, &pt);
	return ct;
}

static inline void
encrypt_weights(Descent *s)
{
	Fixture    *f = s->d->f;
	double complex *z = malloc(sizeof(*z) * (size_t) s->lay.nweights * s->lay.period);

	OK(ppdl_slots_from_net(&s->lay, s->net, z, &err));
	for (int i = 0; i < s->lay.nweights; i++)
	{
		s->w[i] = encrypt_period(f, z + (size_t) i * s->lay.period, s->lay.period);
		if (s->opt.momentum > 0)
			s->v[i] = encrypt_period(f, z + (size_t) i * s->lay.period, s->lay.period);
	}
	free(z);
}

/* random rows at all places of a tile but every fifth */
static inline void
encrypt_rows(Descent *s)
{
	Fixture    *f = s->d->f;
	const PpdlSlotLayout *lay = &s->lay;
	const size_t d = (size_t) 1 << lay->logd,
				hd = d << lay->logh;
	double complex *x = new_slots(f),
			   *y = new_slots(f);

	s->x = malloc(sizeof(double) * lay->rows * (size_t) lay->inputs);
	s->y = malloc(sizeof(double) * lay->rows * (size_t) lay->outputs);
	s->tile.ordinal = malloc(sizeof(uint32_t) * lay->rows);
	for (size_t r = 0; r < lay->rows; r++)
	{
		double	   *mine = s->x + s->rows * lay->inputs,
				   *label = s->y + s->rows * lay->outputs;

		s->tile.ordinal[r] = PPDL_NO_PLACE;
		if (r % 5 == 2)
			continue;
		s->tile.ordinal[r] = (uint32_t) s->rows++;
		for (int i = 0; i < lay->inputs; i++)
			mine[i] = next_real(f);
		for (int c = 0; c < lay->outputs; c++)
			y[r * lay->period + (size_t) c * hd] = label[c] = next_real(f);
		for (size_t at = r * lay->period; at < (r + 1) * lay->period; at += d)
			for (int i = 0; i < lay->inputs + lay->bias; i++)
				x[at + ppdl_slot_of_input(lay, i)] = (i < lay->inputs ? mine[i] * s->net->input_scale[i] : 1) /
					lay->input_divisor;
	}
	s->tile.count = s->rows;
	s->tile.x = encrypt(f, x, PPDL_SGD_SCALE, PPDL_BOOT_WORK_LIMBS);
	s->tile.y = encrypt(f, y, PPDL_SGD_SCALE, PPDL_BOOT_WORK_LIMBS);
	free(x);
	free(y);
}

/* options beside INITIAL: steps and momentum */
static inline Descent *
descent_new(Deep *d, const char *spec, const char *options)
{
	Descent    *s = calloc(1, sizeof(*s));

	s->d = d;
	OK(ppdl_net_parse(&s->net, spec, &err));
	OK(ppdl_train_options_parse(&s->opt, options, &err));
	OK(ppdl_net_init(s->net, &s->opt, &err));
	for (int l = 0; l < s->net->nlayers && s->net->bias; l++)
		for (int i = 0; i < s->net->layer[l].units; i++)
			s->net->layer[l].bias[i] = 0.2 * next_real(d->f);
	OK(ppdl_slot_layout(&s->lay, d->f->par, s->net, s->net->inputs, &err));
	OK(ppdl_sgd_create(&s->sgd, &s->lay, s->opt.learning_rate, s->opt.momentum, &err));
	encrypt_weights(s);
	encrypt_rows(s);
	print_message("%s: %zu slots a row, %d rows, %d + %d levels\n", spec, s->lay.period, s->rows, s->lay.step_levels,
				  s->lay.predict_levels);
	return s;
}

static inline void
descent_free(Descent *s)
{
	for (int i = 0; i < PPDL_MAX_WEIGHT_CTS; i++)
	{
		ppdl_ct_release(&s->d->f->ev, &s->w[i]);
		ppdl_ct_release(&s->d->f->ev, &s->v[i]);
	}
	ppdl_tile_release(&s->d->f->ev, &s->tile);
	ppdl_sgd_destroy(s->sgd);
	ppdl_net_destroy(s->net);
	free(s->x);
	free(s->y);
	free(s);
}

/* one step on ciphertexts; takes the levels that the layout says */
static inline void
descent_step(Descent *s)
{
	const int	limbs = s->w[0].limbs;

	OK(ppdl_sgd_step(s->sgd, &s->d->f->ev, s->w, s->opt.momentum > 0 ? s->v : NULL, &s->tile, 1, &err));
	for (int i = 0; i < s->lay.nweights; i++)
	{
		assert_int_equal(s->w[i].limbs, limbs - s->lay.step_levels);
		assert_true(fabs(log2(s->w[i].scale / PPDL_SGD_SCALE)) < 0.01);
		if (s->opt.momentum > 0)
			assert_int_equal(s->v[i].limbs, s->w[i].limbs);
	}
}

/* a bootstrap of the weights, with the momentum if there is one */
static inline void
descent_refresh(Descent *s)
{
	const int	count = s->opt.momentum > 0 ? 2 : 1;
	PpdlSparseBoot *boot;

	OK(ppdl_sparseboot_create(&boot, &s->d->f->ev, s->lay.period, count, PPDL_SGD_SCALE, &err));
	for (int i = 0; i < s->lay.nweights; i++)
	{
		PpdlCt		pair[2] = {s->w[i], s->v[i]};

		OK(ppdl_sparseboot_run(boot, &s->d->f->ev, pair, &err));
		s->w[i] = pair[0];
		s->v[i] = pair[1];
	}
	ppdl_sparseboot_destroy(boot);
}

/* every slot of the weights, empty ones and copies included, against the twin after all steps */
static inline void
descent_check(Descent *s, double bits)
{
	Fixture    *f = s->d->f;
	const size_t period = s->lay.period;
	double complex *want = malloc(sizeof(*want) * (size_t) s->lay.nweights * period);
	double		moved = 0;
	Precision	p = {0};

	OK(ppdl_slots_from_net(&s->lay, s->net, want, &err));
	for (size_t i = 0; i < period; i++)
		moved -= cabs(want[i]);
	OK(ppdl_net_train(s->net, s->x, s->y, s->rows, &s->opt, NULL, &err));
	OK(ppdl_slots_from_net(&s->lay, s->net, want, &err));
	for (size_t i = 0; i < period; i++)
		moved += cabs(want[i]);
	for (int k = 0; k < s->lay.nweights; k++)
	{
		OK(ppdl_decrypt_slots(&f->ev, &s->w[k], f->sk, f->z, &err));
		for (size_t i = 0; i < f->par->slots; i++)
			precision_add(&p, cabs(f->z[i] - want[(size_t) k * period + i % period]));
	}
	precision_print(&p, "weights, encrypted against plain");
	assert_true(fabs(moved) > 0x1p-10);
	assert_true(precision_worst(&p) >= bits);
	free(want);
}

/* the forward pass with the weights as they are, against the twin */
static inline void
descent_predict(Descent *s, double bits)
{
	Fixture    *f = s->d->f;
	const PpdlSlotLayout *lay = &s->lay;
	double	   *want = malloc(sizeof(double) * (size_t) lay->outputs);
	Precision	p = {0};
	PpdlCt		out;

	OK(ppdl_sgd_predict(s->sgd, &f->ev, &out, s->w, &s->tile.x, &err));
	assert_int_equal(out.limbs, s->w[0].limbs - lay->predict_levels);
	assert_true(out.bound > 0);
	OK(ppdl_decrypt_slots(&f->ev, &out, f->sk, f->z, &err));
	for (size_t r = 0; r < lay->rows; r++)
	{
		if (s->tile.ordinal[r] == PPDL_NO_PLACE)
			continue;
		OK(ppdl_net_predict(s->net, s->x + (size_t) s->tile.ordinal[r] * (size_t) lay->inputs, want, &err));
		for (int c = 0; c < lay->outputs; c++)
			precision_add(&p, creal(f->z[r * lay->period + ((size_t) c << (lay->logd + lay->logh))]) - want[c]);
	}
	precision_print(&p, "outputs, encrypted against plain");
	assert_true(precision_worst(&p) >= bits);
	ppdl_ct_release(&f->ev, &out);
	free(want);
}

#endif
