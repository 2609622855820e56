# Tests of target (resorbing) minus reference (non_resorbing): stats, sandwich, clubSandwich.
suppressPackageStartupMessages({
  library(sandwich)
  library(clubSandwich)
})

full <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))
save <- function(table, file) {
  numeric <- vapply(table, is.double, logical(1))
  table[numeric] <- lapply(table[numeric], full)
  write.csv(table, file, row.names = FALSE, quote = FALSE)
}
COEFFICIENT <- "groupresorbing"
FEATURES <- paste0("y", 1:5)

read_design <- function(file) {
  table <- read.csv(file)
  table$group <- factor(table$group, levels = c("non_resorbing", "resorbing"))
  for (name in intersect(c("sex", "batch", "pair"), names(table))) {
    table[[name]] <- factor(table[[name]])
  }
  table
}

row <- function(input, model, feature, estimate, se, df, statistic, p, low, high) {
  data.frame(
    input = input, model = model, feature = feature, estimate = estimate, se = se, df = df,
    statistic = statistic, p_value = p, ci_low = low, ci_high = high
  )
}
from_t_test <- function(input, model, feature, test, estimate) {
  row(
    input, model, feature, estimate, test$stderr, test$parameter, test$statistic, test$p.value,
    test$conf.int[1], test$conf.int[2]
  )
}
two_samples <- function(input, data, feature, equal) {
  target <- data[[feature]][data$group == "resorbing"]
  reference <- data[[feature]][data$group == "non_resorbing"]
  test <- t.test(target, reference, var.equal = equal)
  from_t_test(
    input, if (equal) "pooled_t" else "welch_t", feature, test, mean(target) - mean(reference)
  )
}
paired <- function(input, data, feature) {
  target <- data[data$group == "resorbing", ]
  reference <- data[data$group == "non_resorbing", ]
  difference <- target[[feature]] - reference[[feature]][match(target$pair, reference$pair)]
  from_t_test(input, "paired_t", feature, t.test(difference), mean(difference))
}
linear <- function(input, data, feature, terms) {
  fit <- lm(reformulate(c("group", terms), feature), data)
  line <- summary(fit)$coefficients[COEFFICIENT, ]
  interval <- confint(fit)[COEFFICIENT, ]
  model <- paste(c("lm", "group", terms), collapse = "_")
  row(
    input, model, feature, line[[1]], line[[2]], df.residual(fit), line[[3]], line[[4]],
    interval[[1]], interval[[2]]
  )
}
# Each sample its own cluster: CR2 is then HC2, and Satterthwaite's df are Bell and McCaffrey's.
robust <- function(input, data, feature, terms) {
  fit <- lm(reformulate(c("group", terms), feature), data)
  v <- vcovCR(fit, cluster = seq_len(nrow(data)), type = "CR2")
  stopifnot(all.equal(as.matrix(v), vcovHC(fit, type = "HC2"), check.attributes = FALSE))
  test <- as.data.frame(coef_test(fit, vcov = v, test = "Satterthwaite"))
  interval <- as.data.frame(conf_int(fit, vcov = v, test = "Satterthwaite"))
  at <- which(names(coef(fit)) == COEFFICIENT)
  model <- paste(c("cr2", "group", terms), collapse = "_")
  df <- test[at, grep("^df", names(test))]
  p <- test[at, grep("^p_", names(test))]
  row(
    input, model, feature, test$beta[at], test$SE[at], df, test$tstat[at], p,
    interval$CI_L[at], interval$CI_U[at]
  )
}

rows <- list()
add <- function(table) rows[[length(rows) + 1]] <<- table
for (feature in FEATURES) {
  for (name in c("unequal", "unbalanced", "batches")) {
    data <- read_design(paste0(name, ".csv"))
    add(two_samples(name, data, feature, TRUE))
    add(two_samples(name, data, feature, FALSE))
    add(linear(name, data, feature, NULL))
    add(linear(name, data, feature, c("age", "sex")))
    add(robust(name, data, feature, NULL))
    add(robust(name, data, feature, c("age", "sex")))
    if (name == "batches") {
      add(linear(name, data, feature, "batch"))
      add(linear(name, data, feature, c("age", "sex", "batch")))
      add(robust(name, data, feature, c("age", "sex", "batch")))
    }
  }
  data <- read_design("pairs.csv")
  add(paired("pairs", data, feature))
  add(linear("pairs", data, feature, "pair"))
  add(linear("pairs", data, feature, c("hours", "pair")))
}
save(do.call(rbind, rows), "groups.csv")

# --- the noncentral t: limits of a standardised difference --------------------------------------
# P(T(df, ncp) <= t) by its definition, the mean of pnorm(t * s - ncp) over s = sqrt(chi2(df) / df):
# R's own pt turns to an approximation beyond |ncp| = 37.62, where cell cultures do arrive. The
# integrand is smooth and vanishes at both ends, so the plain sum is exact to rounding.
lower_tail <- function(t, df, ncp) {
  step <- 1e-4
  s <- seq(step, 1 + 40 / sqrt(df), by = step)
  weight <- exp(log(2 * df * s) + dchisq(df * s^2, df, log = TRUE))
  sum(pnorm(t * s - ncp) * weight) * step
}
limit <- function(t, df, probability) {
  reach <- 8 + abs(t)
  uniroot(
    function(ncp) lower_tail(t, df, ncp) - probability, c(t - reach, t + reach),
    tol = 1e-13, maxiter = 10000
  )$root
}
cases <- data.frame(
  t = c(0, 0.5, -1.2, 2.1, -2.5, 3.3, 5, 8, -10, 15, 2.2, 6, 12, 20, 48, -75, 120),
  n_target = c(12, 4, 5, 12, 6, 12, 8, 8, 10, 12, 30, 60, 60, 200, 3, 4, 12),
  n_reference = c(12, 4, 12, 12, 14, 12, 8, 9, 10, 12, 25, 70, 60, 250, 3, 5, 12)
)
cases$df <- cases$n_target + cases$n_reference - 2
cases$ncp_low <- mapply(limit, cases$t, cases$df, 0.975)
cases$ncp_high <- mapply(limit, cases$t, cases$df, 0.025)
root <- sqrt(1 / cases$n_target + 1 / cases$n_reference)
cases$d <- cases$t * root
cases$d_low <- cases$ncp_low * root
cases$d_high <- cases$ncp_high * root
near <- abs(cases$ncp_low) < 37 & abs(cases$ncp_high) < 37
stopifnot(
  sum(near) == 14,
  abs(with(cases[near, ], pt(t, df, ncp_low)) - 0.975) < 1e-10,
  abs(with(cases[near, ], pt(t, df, ncp_high)) - 0.025) < 1e-10
)
save(cases, "noncentral_t.csv")

# --- Hedges' J, exactly; Benjamini-Hochberg -----------------------------------------------------
df <- c(2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 30, 40, 60, 100, 200, 500)
save(data.frame(df = df, j = exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)), "hedges_j.csv")

set.seed(107)
p <- pmax(1e-6, round(c(rbeta(30, 0.3, 4), runif(12)), 6))
p[c(5, 6)] <- p[7]      # ties
p[c(11, 23)] <- NA      # untested
p[30] <- 1
save(data.frame(p_value = p, fdr = p.adjust(p, "BH")), "bh.csv")
