# limma's tests of sets, on the input of limma.R: fry (directional) and camera with the correlation
# estimated from the data. From this folder: Rscript --vanilla sets.R
suppressPackageStartupMessages(library(limma))
x <- as.matrix(read.csv("limma_expression.csv", row.names = 1, check.names = FALSE))
samples <- read.csv("limma_samples.csv")
design <- model.matrix(~ target + age, data = samples)
sets <- list(first20 = 1:20, spread = seq(5, 200, by = 8), tail50 = 151:200, three = c(3, 77, 120))
f <- fry(x, index = sets, design = design, contrast = "target", sort = "none")
k <- camera(x, index = sets, design = design, contrast = 2, inter.gene.cor = NA, sort = FALSE)
signs <- rep(c(1, -1), length.out = 20)
w <- fry(x, index = list(signed20 = 1:20), design = design, contrast = "target",
         gene.weights = ifelse(seq_len(nrow(x)) %% 2 == 1, 1, -1), sort = "none")
out <- data.frame(set = names(sets), n_genes = f$NGenes, fry_p = f$PValue,
                  camera_p = k$PValue, correlation = k$Correlation)
out <- rbind(out, data.frame(set = "signed20", n_genes = 20, fry_p = w$PValue, camera_p = NA,
                             correlation = NA))
out[] <- lapply(out, function(v) if (is.numeric(v)) trimws(formatC(v, digits = 17, format = "g")) else v)
write.csv(out, "limma_sets.csv", row.names = FALSE, quote = FALSE)
