# tanpuhui 碳普惠. `make help` lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What an installation is made of: the same sum means that there is nothing to install.
SUM = $$(cat requirements/$(1).txt Makefile | cksum | tr -d ' ')-$(CURDIR)

.DEFAULT_GOAL := help
.PHONY: help run install install-run test quick lint fmt docs fixture shell migration client miniprogram bench drill pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install-run ## start everything on http://127.0.0.1:8000 and :8001; Ctrl-C stops it
	@exec $(BIN)/tanpuhui up

install: ## install into .venv what running, tests and benchmarks need
	@$(call install,dev)

# Running needs half of what the tests need; what `make install` installed is enough for it.
install-run:
	@test -d .data || echo '首次运行：安装 1–2 分钟（看网速），启动 10 秒，载入演示城市半分钟；以后启动约 10 秒。'
	@test "$$(cat $(VENV)/.installed-dev 2>/dev/null)" = "$(call SUM,dev)" || { $(call install,base); }

# Tests start hundreds of processes: what they compile is kept, whatever the environment says.
test: install lint ## lint, types, architecture and the default tests
	PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/build/pycache \
		$(BIN)/python -m pytest $(ARGS)

quick: install ## the tests of a minute: no faults, browser or demo
	PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/build/pycache \
		$(BIN)/python -m pytest -m 'not drill and not browser' \
		--ignore=tests/faults --ignore=tests/demo $(ARGS)

lint: install ## style and types, as the tests check them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: install ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install ## write the generated pages of docs/ anew
	$(BIN)/tanpuhui rules docs docs
	TANPUHUI_WRITE_DOCS=1 $(BIN)/python -m pytest -q -n 0 -p no:randomly tests/docs

fixture: install ## write the recorded ledger anew; published rules stay, so never after a release
	TANPUHUI_WRITE_LEDGER=1 $(BIN)/python -m pytest -q -n 0 -p no:randomly \
		tests/backend/simulation/test_recorded_ledger.py

shell: install-run ## a Python shell with the Backend of this installation
	@exec $(BIN)/tanpuhui shell

migration: install ## a new revision with what the models changed: make migration NAME='Add a table of places'
	@test -n "$(NAME)" || { echo "请写明改动，例如：make migration NAME='Add a table of places'" >&2; exit 2; }
	@$(BIN)/python -m backend.migrations "$(NAME)"
	@$(BIN)/ruff format --quiet backend/migrations/versions

client: install miniprogram/node_modules/.package-lock.json ## build the client anew and put it where the API serves it
	$(BIN)/tanpuhui openapi > miniprogram/src/api/openapi.json
	cd miniprogram && npm run --silent api && npm run --silent check && npm run --silent build
	$(BIN)/python miniprogram/publish.py

miniprogram: install miniprogram/node_modules/.package-lock.json ## build the WeChat package into miniprogram/dist/build/mp-weixin
	cd miniprogram && npm run --silent check && npm run --silent build:weixin

# npm writes this file last: it is as old as the installation.
miniprogram/node_modules/.package-lock.json: miniprogram/package-lock.json
	cd miniprogram && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

bench: install ## benchmarks against floors of the same run; writes build/bench.json
	@mkdir -p build
	$(BIN)/python -m benchmarks $(ARGS)

drill: install ## slow fault, load and soak drills, one at a time; the tests at other times
	$(BIN)/python -m pytest -m drill -n 0 $(ARGS)
	$(BIN)/python -m tests.set_time $(ARGS)

pins: build/uv/bin/uv ## pin requirements/*.in anew, with hashes, for every platform
	for set in base dev; do \
		build/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-header --no-emit-index-url \
			--output-file requirements/$$set.txt requirements/$$set.in || exit 1; \
	done

build/uv/bin/uv:
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet uv

clean: ## delete what tools and builds left; keeps .venv and .data
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print | xargs rm -rf

# Says in a few lines what pip says in hundreds; fails when pip did.
define progress
{ n=0; all=$$(grep -c '==' requirements/$(1).txt); while IFS= read -r line; do case "$$line" in \
	'pip failed') echo '安装没有完成：请按上面的提示处理，再运行一次 make。' >&2; exit 1;; \
	'Collecting '*|'Requirement already '*|'Ignoring '*) n=$$((n + 1)); \
		case $$n in 1|*0) echo "  下载 $$n/$$all 个包 …";; esac;; \
	'Installing collected '*) echo '  下载完成，写入 $(VENV)，约半分钟 …';; \
	esac; done; }
endef

# One set of requirements, unless its sum says that it is there. The project itself is a path
# file and a script: nothing to build, so nothing to download for building.
define install
	test "$$(cat $(VENV)/.installed-$(1) 2>/dev/null)" = "$(call SUM,$(1))" || { \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo '需要 Python 3.11 以上，例如：make PYTHON=python3.12 $(MAKECMDGOALS)' >&2; exit 2; }; \
	echo '安装到 $(VENV)（$(1)）…'; \
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || exit 1; \
	{ $(BIN)/python -m pip install --disable-pip-version-check --require-hashes --progress-bar off \
		-r requirements/$(1).txt || echo 'pip failed'; } | $(call progress,$(1)) || exit 1; \
	printf '%s\n' '$(CURDIR)' \
		> "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tanpuhui.pth"; \
	printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$0")/python" -P -m backend.cli "$$@"' \
		> $(BIN)/tanpuhui && chmod +x $(BIN)/tanpuhui; \
	echo "$(call SUM,$(1))" > $(VENV)/.installed-$(1); }
endef
