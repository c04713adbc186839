# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

RUN = exec env PYTHONPATH=tests python3 -m runner

.PHONY: help demo test sanity lint build unit oldest shell integration subhosts vm molecule lock clean

help: ## Show what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: ## Watch a virtual machine become protected, be reset, and be as it was
	@$(RUN) demo

test: ## Run every gate and report
	@$(RUN)

sanity: ## ansible-test sanity, on every Python that can be found
	@$(RUN) $@

lint: ## ansible-lint, yamllint, changelog, documentation, licences
	@$(RUN) $@

build: ## Build the collection and check it as Galaxy does
	@$(RUN) $@

unit: ## Unit tests
	@$(RUN) $@

oldest: ## Unit tests of what runs on managed hosts, on Python 3.8
	@$(RUN) $@

shell: ## Tests of the boot library under dash and busybox, and shellcheck
	@$(RUN) $@

integration: ## Modules on real mounts of this machine; needs root
	@$(RUN) $@

subhosts: ## Subhosts in namespaces of this machine; needs root
	@$(RUN) $@

vm: ## Failure cases on virtual machines
	@$(RUN) $@

molecule: ## The scenarios of molecule/, each on virtual machines; molecule-NAME for one
	@$(RUN) $@

molecule-%: # One scenario
	@$(RUN) $@

lock: ## Renew tests/requirements.txt from tests/requirements.in; needs uv
	@{ sed '/^$$/q' tests/requirements.in; echo '# Made by `make lock` from requirements.in.'; \
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --upgrade \
	--no-header --no-annotate --no-emit-index-url tests/requirements.in; } > .cache/lock.txt
	@mv .cache/lock.txt tests/requirements.txt

clean: ## Remove environments and logs; the images of virtual machines stay in the user's cache
	@rm -rf .cache .ansible tests/output
