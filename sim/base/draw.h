/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws of counts: how many of many things happen, without drawing each. */
#ifndef NUMASIM_BASE_DRAW_H
#define NUMASIM_BASE_DRAW_H

#include <stdint.h>

/* A probability or a mean with 32 fractional bits. */
#define DRAW_ONE (UINT64_C(1) << 32)

/* 1 - e^-(@x / 2^32), with 32 fractional bits: that at least one of Poisson events of mean @x comes. */
uint64_t draw_at_least_one(uint64_t x_q32);

/*
 * How many of @n things happen, each with probability @p / 2^32 (at most DRAW_ONE), for the uniform @u
 * (64 random bits). Exact up to rounding of doubles while the mean and its complement stay below 32;
 * else the normal distribution of the same mean and variance, rounded.
 */
int64_t draw_binomial(int64_t n, uint64_t p_q32, uint64_t u);

/* How many events of mean @mean / 2^32 happen; same method. */
int64_t draw_poisson(uint64_t mean_q32, uint64_t u);

#endif
